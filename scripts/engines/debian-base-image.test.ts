import { expect, test } from 'vitest'
import { debianBaseImageReference, withUpdates } from './debian-base-image.mjs'

test('the suites of updates are beside the mirror', () => {
  expect(withUpdates('deb http://mirror.example/debian bookworm main\n')).toBe(
    [
      'deb http://mirror.example/debian bookworm main',
      'deb http://mirror.example/debian bookworm-updates main',
      'deb http://mirror.example/debian-security bookworm-security main',
      '',
    ].join('\n'),
  )
  expect(withUpdates('deb http://mirror.example/debian/ bookworm main\n')).toContain('/debian-security bookworm')
})

test('a mirror that is laid out otherwise is left as it is', () => {
  const sources = 'deb http://mirror.example/snapshot/2026 bookworm main\n'
  expect(withUpdates(sources)).toBe(sources)
})

test('its tag stays as long as nothing changes', () => {
  expect(debianBaseImageReference()).toMatch(/^runtime-sandbox-debian-base:[0-9a-f]{12}$/)
  expect(debianBaseImageReference()).toBe(debianBaseImageReference())
})
