import { expect, test } from 'vitest'
import { errorTable } from '../../packages/core/src/index.ts'
import { errorsPage } from './errors-page.ts'
import { code, table } from './markdown.ts'
import { settingsPage } from './settings-page.ts'

test('the page of errors has a row for each code', () => {
  const page = errorsPage(errorTable)
  for (const name of Object.keys(errorTable)) expect(page).toContain(`| \`${name}\` | `)
  expect(page).toContain('| `limit_reached` | 429 | yes | Release a sandbox')
})

test('settings stand under their groups, in order', () => {
  const common = { type: 'integer', description: 'Where to listen.', effective: true }
  const page = settingsPage([
    { ...common, name: 'PORT', group: 'Service', default: '8000' },
    { ...common, name: 'REDIS_PORT', group: 'Redis', default: '', effective: false },
    { ...common, name: 'HOST', group: 'Service', default: '127.0.0.1' },
  ])
  expect(page.match(/^## .*/gm)).toEqual(['## Service', '## Redis'])
  expect(page).toContain('| `PORT` | integer | `8000` | Where to listen. |\n| `HOST` |')
  expect(page).toContain('| `REDIS_PORT` | integer |  | Where to listen. *(Read and checked, without effect')
})

test('cells cannot break a table', () => {
  expect(table(['a'], [['x | y\nz']])).toBe('| a |\n| --- |\n| x \\| y z |')
  expect(code('a`b')).toBe('``a`b``')
})
