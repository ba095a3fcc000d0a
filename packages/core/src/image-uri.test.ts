import { afterEach, describe, expect, it, vi } from 'vitest'
import { buildImageUri, defaultImageNaming, imageNamingFrom, setImageNaming } from './image-uri.ts'

afterEach(() => setImageNaming(defaultImageNaming))

describe('buildImageUri', () => {
  it('is on Docker Hub unless told otherwise', () => {
    expect(buildImageUri('runtime-sandbox-base')).toBe('agentscope/runtime-sandbox-base:latest')
  })

  it.each([
    [{ registry: 'r.example.com' }, 'r.example.com/agentscope/x:latest'],
    [{ registry: 'r.example.com:5000/' }, 'r.example.com:5000/agentscope/x:latest'],
    [{ namespace: 'a/b', tag: 'v1' }, 'a/b/x:v1'],
  ])('%j', (naming, uri) => {
    expect(buildImageUri('x', { ...defaultImageNaming, ...naming })).toBe(uri)
  })

  it('follows the naming in force, also that of another copy of the package', async () => {
    vi.resetModules()
    const copy = await import('./image-uri.ts')
    expect(copy.setImageNaming).not.toBe(setImageNaming)
    copy.setImageNaming({ registry: '', namespace: 'mine', tag: 'dev' })
    expect(buildImageUri('x')).toBe('mine/x:dev')
  })
})

describe('imageNamingFrom', () => {
  it('reads the three variables, blank meaning the default', () => {
    expect(imageNamingFrom({})).toEqual(defaultImageNaming)
    const blank = { RUNTIME_SANDBOX_REGISTRY: ' ', RUNTIME_SANDBOX_IMAGE_NAMESPACE: '', RUNTIME_SANDBOX_IMAGE_TAG: ' ' }
    expect(imageNamingFrom(blank)).toEqual(defaultImageNaming)
    const given = {
      RUNTIME_SANDBOX_REGISTRY: ' r.example.com ',
      RUNTIME_SANDBOX_IMAGE_NAMESPACE: 'n',
      RUNTIME_SANDBOX_IMAGE_TAG: 't',
    }
    expect(imageNamingFrom(given)).toEqual({ registry: 'r.example.com', namespace: 'n', tag: 't' })
  })
})
