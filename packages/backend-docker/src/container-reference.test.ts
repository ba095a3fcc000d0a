import { expect, it } from 'vitest'
import { isContainerReference } from './container-reference.ts'

it.each(['runtime_sandbox_container_a1', 'a.b-c', '0f'.repeat(32)])('%s can be a container', (text) => {
  expect(isContainerReference(text)).toBe(true)
})

it.each(['', 'a', '.', '..', '../images/x', 'a/b', '-a', '.a', 'a?force=1', 'a\n', 'a b', 'ä1', '%2e%2e'])(
  '%j cannot',
  (text) => {
    expect(isContainerReference(text)).toBe(false)
  },
)
