import { z } from 'zod'

/**
 * The life of a sandbox. `creating` reserves capacity while the engine works and is never seen by a client.
 *
 * creating → warm → running → recycled → replaced; `released` and `error` from any.
 */
export const sandboxStateSchema = z.enum(['creating', 'warm', 'running', 'recycled', 'replaced', 'released', 'error'])

export type SandboxState = z.infer<typeof sandboxStateSchema>

/** States in which a sandbox holds an engine resource and counts against MAX_SANDBOX_INSTANCES. */
export const activeStates: readonly SandboxState[] = ['creating', 'warm', 'running']

/** States in which a session still points at the sandbox. */
export const sessionStates: readonly SandboxState[] = ['creating', 'running', 'recycled']

/** Whether the sandbox holds an engine resource. */
export function isActive(state: SandboxState): boolean {
  return activeStates.includes(state)
}

/** What the system knows of one sandbox. Times are milliseconds since the epoch; the wire has seconds. */
export const sandboxRecordSchema = z.object({
  /** Primary key and public id: CONTAINER_PREFIX_KEY + sessionId. */
  name: z.string().min(1),
  /** 25 characters, lower-case base 36. */
  sessionId: z.string().min(1),
  /** The engine's id; empty while creating. */
  containerId: z.string(),
  /** Where the runtime answers: `http(s)://host:port[/path]` or `unix:/path/of/socket`; empty while creating. */
  url: z.string(),
  /** One element: the host port of container port 80, or `"443/<path>/"` on serverless engines; empty on a Unix socket. */
  ports: z.array(z.union([z.number().int(), z.string()])),
  /** Host directory that is the sandbox's /workspace. */
  mountDir: z.string().nullable(),
  /** Where the workspace is kept in the WorkspaceStorage. */
  storagePath: z.string().nullable(),
  /** The sandbox's SECRET_TOKEN. */
  runtimeToken: z.string(),
  /** Full image reference at creation. */
  image: z.string(),
  /** The engine's immutable id of that image, where it has one. */
  imageId: z.string().nullable(),
  /** The caller's own data; `session_ctx_id` is mirrored in. */
  meta: z.record(z.string(), z.unknown()),
  /** Time limit of one call to the sandbox, seconds. */
  timeoutSeconds: z.number().positive(),
  /** Variables that the caller asked for, beside those of the type; given again when the sandbox is restored. Not told to clients. */
  environment: z.record(z.string(), z.string()),
  sandboxType: z.string(),
  state: sandboxStateSchema,
  /** Why the sandbox is in its state. */
  stateReason: z.string(),
  sessionContextId: z.string().nullable(),
  /** Pool that this sandbox was made for; null when made for one caller. */
  poolKey: z.string().nullable(),
  createdAt: z.number(),
  updatedAt: z.number(),
  lastActiveAt: z.number().nullable(),
  /** When the engine held nothing of the recycled sandbox any more. */
  recycledAt: z.number().nullable(),
  /** When nothing of the ended sandbox was left to do. */
  releasedAt: z.number().nullable(),
  recycleReason: z.string().nullable(),
  /** Name of the sandbox that replaced this one; while it is recycled, of the one that is being made for it. */
  redirectTo: z.string().nullable(),
  /** Starts at 1, plus one with every change; the guard of concurrent updates. */
  revision: z.number().int().positive(),
})

export type SandboxRecord = z.infer<typeof sandboxRecordSchema>

/** What may change in a record: everything but its identity and its revision. */
export type SandboxRecordPatch = Partial<
  Omit<SandboxRecord, 'name' | 'sessionId' | 'createdAt' | 'revision' | 'updatedAt'>
>
