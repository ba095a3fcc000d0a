import { describe, expect, it } from 'vitest'
import { settingsReference } from './reference.ts'

describe('the settings reference', () => {
  it('has every setting once, with what a reader needs', async () => {
    const rows = await settingsReference()
    const names = rows.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    for (const row of rows) {
      expect(row.name).toMatch(/^[A-Z][A-Z0-9_]*$/)
      expect(row.description, row.name).not.toBe('')
      expect(row.type, row.name).not.toBe('')
    }
  })

  it('tells defaults as they would be written, and what has no effect', async () => {
    const rows = await settingsReference()
    const row = (name: string) => rows.find((each) => each.name === name)
    expect(row('PORT_RANGE')).toMatchObject({ default: '[49152,59152]', effective: true })
    expect(row('POOL_SIZE')).toMatchObject({ group: 'Sandboxes', default: '1' })
    expect(row('K8S_NAMESPACE')).toMatchObject({ default: 'default', effective: false })
  })
})
