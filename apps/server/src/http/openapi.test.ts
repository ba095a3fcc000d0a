import { managerCalls } from '@runtime-sandbox/protocol'
import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { docsPage } from './docs-page.ts'
import { fakeManager } from './fake-manager.fixture.ts'
import { createHttpApp } from './http-app.ts'
import { openApiDocument } from './openapi.ts'

const app = createHttpApp(fakeManager(), { version: '1.2.3' })
const get = (path: string) => app.request(path, { headers: { host: 'localhost' } })

describe('/openapi.json', () => {
  it('is a valid OpenAPI 3.1 document', async () => {
    const document = (await (await get('/openapi.json')).json()) as Record<string, unknown>
    const validator = new Validator()
    const { valid, errors } = await validator.validate(document)
    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
    expect(validator.version).toBe('3.1')
  })

  it('has every call and its twin, and refuses what the routes refuse', () => {
    const { paths, info } = openApiDocument('1.2.3')
    expect(info.version).toBe('1.2.3')
    for (const name of Object.keys(managerCalls)) {
      expect(paths[`/${name}`]?.['post']?.operationId).toBe(name)
      expect(paths[`/${name}_async`]?.['post']?.operationId).toBe(`${name}_async`)
    }
    expect(paths['/desktop/{identity}/{path}']).toHaveProperty('get')
    expect(paths['/metrics']).toHaveProperty('get')
    expect(Object.keys(paths['/proxy/{identity}/{path}']!)).toEqual(['get', 'post', 'put', 'delete', 'patch'])
    expect(paths['/release']!['post']!.requestBody).toMatchObject({
      content: { 'application/json': { schema: { required: ['identity'], additionalProperties: false } } },
    })
  })
})

describe('/docs', () => {
  it('stands alone: no script, and nothing from elsewhere', async () => {
    const response = await get('/docs')
    const page = await response.text()
    expect(response.headers.get('content-type')).toContain('text/html')
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page).not.toMatch(/<script|src=|https?:\/\//)
    for (const name of Object.keys(managerCalls)) expect(page).toContain(`/${name}<`)
  })

  it('escapes what it shows', () => {
    const document = openApiDocument('<script>alert(1)</script>')
    document.paths['/<b>'] = { get: { operationId: 'x', summary: '"><img>', tags: [], responses: {} } }
    const page = docsPage(document)
    expect(page).not.toMatch(/<script>|<b>|<img>/)
  })
})
