import { z } from 'zod'
import type { SandboxRecord, SandboxState } from '@runtime-sandbox/core'

const seconds = z.number().nullable()

/** A sandbox on the wire; the order of the fields is the original's. */
export const wireRecordSchema = z.looseObject({
  session_id: z.string(),
  container_id: z.string(),
  container_name: z.string(),
  url: z.string(),
  ports: z.array(z.union([z.number(), z.string()])),
  mount_dir: z.string().nullable(),
  storage_path: z.string().nullable(),
  runtime_token: z.string(),
  version: z.string(),
  /** Without the key `__proto__`, in which a copy by assignment would find its prototype; no store keeps it either. */
  meta: z.record(z.string(), z.unknown()),
  timeout: z.number().nullable(),
  sandbox_type: z.string().nullable(),
  state: z.enum(['creating', 'warm', 'running', 'recycled', 'replaced', 'released', 'error']),
  session_ctx_id: z.string().nullable(),
  last_active_at: seconds,
  recycled_at: seconds,
  released_at: seconds,
  updated_at: seconds,
  recycle_reason: z.string().nullable(),
  redirect_to: z.string().nullable(),
  // Ours, beyond the original's fields.
  state_reason: z.string().optional(),
  image_id: z.string().nullish(),
  pool_key: z.string().nullish(),
  created_at: seconds.optional(),
  revision: z.number().optional(),
})

export type WireRecord = z.infer<typeof wireRecordSchema>

const toSeconds = (milliseconds: number | null) => (milliseconds === null ? null : milliseconds / 1000)
const toMilliseconds = (value: number | null | undefined) => (value == null ? null : Math.round(value * 1000))

/** The record as clients see it. */
export function encodeRecord(record: SandboxRecord): WireRecord {
  return {
    session_id: record.sessionId,
    container_id: record.containerId,
    container_name: record.name,
    url: record.url,
    ports: record.ports,
    mount_dir: record.mountDir,
    storage_path: record.storagePath,
    runtime_token: record.runtimeToken,
    version: record.image,
    meta: record.meta,
    timeout: record.timeoutSeconds,
    sandbox_type: record.sandboxType,
    state: record.state,
    session_ctx_id: record.sessionContextId,
    last_active_at: toSeconds(record.lastActiveAt),
    recycled_at: toSeconds(record.recycledAt),
    released_at: toSeconds(record.releasedAt),
    updated_at: toSeconds(record.updatedAt),
    recycle_reason: record.recycleReason,
    redirect_to: record.redirectTo,
    state_reason: record.stateReason,
    image_id: record.imageId,
    pool_key: record.poolKey,
    created_at: toSeconds(record.createdAt),
    revision: record.revision,
  }
}

/** A record that came over the wire; what the original's server leaves out gets a neutral value. */
export function decodeRecord(wire: WireRecord): SandboxRecord {
  const updatedAt = toMilliseconds(wire.updated_at) ?? 0
  return {
    name: wire.container_name,
    sessionId: wire.session_id,
    containerId: wire.container_id,
    url: wire.url,
    ports: wire.ports,
    mountDir: wire.mount_dir,
    storagePath: wire.storage_path,
    runtimeToken: wire.runtime_token,
    image: wire.version,
    imageId: wire.image_id ?? null,
    meta: wire.meta,
    timeoutSeconds: wire.timeout || 60,
    environment: {},
    sandboxType: wire.sandbox_type ?? 'base',
    state: wire.state satisfies SandboxState,
    stateReason: wire.state_reason ?? '',
    sessionContextId: wire.session_ctx_id,
    poolKey: wire.pool_key ?? null,
    createdAt: toMilliseconds(wire.created_at) ?? updatedAt,
    updatedAt,
    lastActiveAt: toMilliseconds(wire.last_active_at),
    recycledAt: toMilliseconds(wire.recycled_at),
    releasedAt: toMilliseconds(wire.released_at),
    recycleReason: wire.recycle_reason,
    redirectTo: wire.redirect_to,
    revision: wire.revision ?? 1,
  }
}
