import { expect, test } from 'vitest'
import { buildImageUri, imageNamingFrom } from '../../packages/core/src/image-uri.ts'
import { baseImageTag } from './image-tag.mjs'

test.each([
  {},
  { RUNTIME_SANDBOX_REGISTRY: 'registry.example.com/' },
  { RUNTIME_SANDBOX_IMAGE_NAMESPACE: 'team', RUNTIME_SANDBOX_IMAGE_TAG: '2' },
  { RUNTIME_SANDBOX_REGISTRY: ' ', RUNTIME_SANDBOX_IMAGE_NAMESPACE: ' ', RUNTIME_SANDBOX_IMAGE_TAG: '' },
])('the image is built under the name that the server looks for: %o', (environment) => {
  expect(baseImageTag(environment)).toBe(buildImageUri('runtime-sandbox-base', imageNamingFrom(environment)))
})
