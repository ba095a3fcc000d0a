import { labels, type ContainerInfo, type SandboxRecord } from '@runtime-sandbox/core'
import { isSessionId } from './sandbox-identity.ts'

export type LabelSettings = { prefix: string; stateKey: string }

/** Labels that all resources of this deployment's store carry, and no other's. */
export function ownLabels({ prefix, stateKey }: LabelSettings): Record<string, string> {
  return { [labels.deployment]: prefix, [labels.stateKey]: stateKey }
}

/** Labels of one sandbox's resource: enough to write its record anew. */
export function labelsOf(record: SandboxRecord, settings: LabelSettings): Record<string, string> {
  const variables = Object.keys(record.environment).join(',')
  return {
    ...ownLabels(settings),
    [labels.name]: record.name,
    [labels.sandboxType]: record.sandboxType,
    [labels.sessionId]: record.sessionId,
    [labels.timeoutSeconds]: String(record.timeoutSeconds),
    ...(record.poolKey !== null && { [labels.poolKey]: record.poolKey }),
    ...(record.storagePath !== null && { [labels.storagePath]: record.storagePath }),
    ...(variables !== '' && { [labels.variables]: variables }),
    ...(record.sessionContextId !== null && { [labels.sessionContextId]: record.sessionContextId }),
  }
}

export type AdoptOptions = {
  settings: LabelSettings & { defaultTimeoutSeconds: number }
  /** Image reference of a type, where it is registered; engines tell the image's id only. */
  imageOf: (sandboxType: string) => string | undefined
  now: number
}

export type WorkspaceOfContainer = Pick<SandboxRecord, 'sessionId' | 'mountDir' | 'storagePath'>

const workspaceTarget = '/workspace'

/** The record of a resource that has none any more; undefined when the resource does not tell enough or contradicts itself. */
export function recordFromContainer(
  info: ContainerInfo,
  { settings, imageOf, now }: AdoptOptions,
): SandboxRecord | undefined {
  const name = info.labels[labels.name]
  const sessionId = info.labels[labels.sessionId]
  const runtimeToken = info.environment['SECRET_TOKEN']
  if (!name || !sessionId || !runtimeToken || info.url === '') return undefined
  if (!isSessionId(sessionId) || name !== settings.prefix + sessionId) return undefined
  const sessionContextId = info.labels[labels.sessionContextId] ?? ownerless(info)
  const sandboxType = info.labels[labels.sandboxType] ?? 'base'
  return {
    name,
    sessionId,
    containerId: info.id,
    url: info.url,
    ports: [...info.ports],
    mountDir: workspaceSource(info),
    storagePath: info.labels[labels.storagePath] ?? null,
    runtimeToken,
    image: imageOf(sandboxType) ?? info.imageId ?? '',
    imageId: info.imageId,
    meta: sessionContextId === null ? {} : { session_ctx_id: sessionContextId },
    timeoutSeconds: positive(info.labels[labels.timeoutSeconds]) ?? settings.defaultTimeoutSeconds,
    environment: ownVariables(info),
    sandboxType,
    state: 'running',
    stateReason: 'adopted',
    sessionContextId,
    // A former pool means nothing to a sandbox that may have been used.
    poolKey: null,
    createdAt: info.createdAt,
    updatedAt: now,
    lastActiveAt: sessionContextId === null ? null : now,
    recycledAt: null,
    releasedAt: null,
    recycleReason: null,
    redirectTo: null,
    revision: 1,
  }
}

/** The workspace of a resource; undefined when its labels contradict its name. */
export function workspaceOfContainer(info: ContainerInfo, prefix: string): WorkspaceOfContainer | undefined {
  const sessionId = info.labels[labels.sessionId]
  if (!sessionId || !isSessionId(sessionId) || info.labels[labels.name] !== prefix + sessionId) return undefined
  return { sessionId, mountDir: workspaceSource(info), storagePath: info.labels[labels.storagePath] ?? null }
}

/**
 * A sandbox of a pool may have been handed out or not, and to whom was only in the store that is gone. It gets a session of its
 * own, so that it ends when nobody comes back to it.
 */
function ownerless({ labels: given }: ContainerInfo): string | null {
  return given[labels.poolKey] === undefined ? null : `adopted:${given[labels.sessionId]}`
}

function ownVariables({ labels: given, environment }: ContainerInfo): Record<string, string> {
  const names = (given[labels.variables] ?? '').split(',')
  return Object.fromEntries(
    names.flatMap((name) => (Object.hasOwn(environment, name) ? [[name, environment[name]!]] : [])),
  )
}

function workspaceSource({ mounts }: ContainerInfo): string | null {
  return mounts.find(({ target }) => target === workspaceTarget)?.source ?? null
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text)
  return Number.isFinite(value) && value > 0 ? value : undefined
}
