import { expect, it } from 'vitest'
import { isImageReference } from './image-reference.ts'

it.each([
  'base',
  'agentscope/runtime-sandbox-base:latest',
  '127.0.0.1:5000/a/b_c:1.0-x',
  'registry.example.com/a@sha256:0123abc',
  '[::1]:5000/a',
  'localhost/a',
  `sha256:${'0f'.repeat(32)}`,
])('%s can be an image', (text) => {
  expect(isImageReference(text)).toBe(true)
})

it.each(['', '/', 'a//b', '/a', 'a/', 'a/../b', '..', 'a b', 'a?x=1', 'a#x', 'a:', 'a@', 'a\n', 'a'.repeat(1025)])(
  '%j cannot',
  (text) => {
    expect(isImageReference(text)).toBe(false)
  },
)
