import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sandboxStateSchema, type SandboxRecord } from '@runtime-sandbox/core'
import { decodeRecord, encodeRecord, wireRecordSchema } from './record-codec.ts'

const time = fc.integer({ min: 1, max: 4_000_000_000_000 })
const record: fc.Arbitrary<SandboxRecord> = fc.record({
  name: fc.string({ minLength: 1 }),
  sessionId: fc.string({ minLength: 1 }),
  containerId: fc.string(),
  url: fc.webUrl(),
  ports: fc.array(fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.string())),
  mountDir: fc.option(fc.string()),
  storagePath: fc.option(fc.string()),
  runtimeToken: fc.string(),
  image: fc.string(),
  imageId: fc.option(fc.string()),
  meta: fc.dictionary(
    // A schema leaves this key out: see below.
    fc.string().filter((key) => key !== '__proto__'),
    fc.jsonValue().map((value) => (Object.is(value, -0) ? 0 : value)),
  ),
  timeoutSeconds: fc.integer({ min: 1, max: 86_400 }),

  environment: fc.constant({}),
  sandboxType: fc.string(),
  state: fc.constantFrom(...sandboxStateSchema.options),
  stateReason: fc.string(),
  sessionContextId: fc.option(fc.string()),
  poolKey: fc.option(fc.string()),
  createdAt: time,
  updatedAt: time,
  lastActiveAt: fc.option(time),
  recycledAt: fc.option(time),
  releasedAt: fc.option(time),
  recycleReason: fc.option(fc.string()),
  redirectTo: fc.option(fc.string()),
  revision: fc.integer({ min: 1, max: 1_000_000 }),
})

describe('the record on the wire', () => {
  it('comes back as it went, through JSON', () => {
    fc.assert(
      fc.property(record, (original) => {
        const wire = wireRecordSchema.parse(JSON.parse(JSON.stringify(encodeRecord(original))))
        expect(decodeRecord(wire)).toEqual(JSON.parse(JSON.stringify(original)))
      }),
    )
  })

  it('does not pass on a `meta` that would give what it is copied to another prototype', () => {
    const sample = fc.sample(record, 1)[0]!
    const meta = JSON.parse('{"__proto__": {"admin": true}, "kept": 1}') as Record<string, unknown>
    const wire = wireRecordSchema.parse(JSON.parse(JSON.stringify(encodeRecord({ ...sample, meta }))))
    const decoded = decodeRecord(wire).meta
    expect(Object.entries(decoded)).toEqual([['kept', 1]])
    expect(Object.assign({}, decoded)).not.toHaveProperty('admin')
  })

  it('has the fields of the original first, in its order, times in seconds', () => {
    const sample = fc.sample(record, 1)[0]!
    const wire = encodeRecord({ ...sample, updatedAt: 1_763_872_000_124, lastActiveAt: null })
    expect(Object.keys(wire).slice(0, 20)).toEqual([
      'session_id',
      'container_id',
      'container_name',
      'url',
      'ports',
      'mount_dir',
      'storage_path',
      'runtime_token',
      'version',
      'meta',
      'timeout',
      'sandbox_type',
      'state',
      'session_ctx_id',
      'last_active_at',
      'recycled_at',
      'released_at',
      'updated_at',
      'recycle_reason',
      'redirect_to',
    ])
    expect(wire).toMatchObject({ updated_at: 1_763_872_000.124, last_active_at: null })
  })
})
