import { expect, test } from 'vitest'
import { installedNames } from './install.ts'
import { fileProblems } from './pack.ts'
import { checkoutWords, mentions } from './private-words.ts'
import { runChecks } from './run-checks.ts'

test('every check runs, and those that fail are named with their reason', async () => {
  const lines: string[] = []
  const fail = () => Promise.reject(new Error('line 1 is wrong\nline 2 too\n'))
  const checks = [
    { name: 'one', run: () => Promise.resolve() },
    { name: 'two', run: fail },
    { name: 'three', run: () => Promise.resolve() },
  ]
  expect(await runChecks(checks, (line) => lines.push(line.replace(/\d\.\d s/, '0 s')))).toEqual(['two'])
  expect(lines).toEqual([
    'ok     one (0 s)',
    'failed two (0 s)',
    '       line 1 is wrong\n       line 2 too\n',
    'ok     three (0 s)',
    'Failed checks: two',
  ])
})

test('reads names from a lock file of npm, nested ones too', () => {
  const packages = { '': {}, 'node_modules/zod': {}, 'node_modules/@a/b': {}, 'node_modules/@a/b/node_modules/c': {} }
  expect(installedNames({ packages })).toEqual(['zod', '@a/b', 'c'])
})

test('a tarball has what its user needs, and nothing else', () => {
  const files = ['package.json', 'README.md', 'LICENSE'].map((file) => `package/${file}`)
  expect(fileProblems(files)).toEqual([])
  expect(fileProblems([...files.slice(1), 'package/src/index.ts', 'package/dist/a.test.js'])).toHaveLength(3)
})

test('a word counts where it stands alone', () => {
  expect(mentions('cd /home/me/checkout/packages', '/home/me/checkout')).toBe(true)
  expect(mentions('"/home/me/checkout"', '/home/me/checkout')).toBe(true)
  expect(mentions('/home/me/checkout-two', '/home/me/checkout')).toBe(false)
  expect(mentions('//packages.example/a', 'packages.example')).toBe(true)
  expect(mentions('//other-packages.example.org', 'packages.example')).toBe(false)
})

test('a folder with a common name is not searched for', () => {
  expect(checkoutWords('/app')).toEqual([])
  expect(checkoutWords('/home/checkout')).toEqual(['/home/checkout'])
})
