import { SandboxError, type ManagerApi, type SandboxRecord } from '@runtime-sandbox/core'

/** A manager that answers like one with a single sandbox, `known`; `calls` remembers what it was asked. */
export type FakeManager = ManagerApi & { calls: { method: string; parameters: unknown[] }[] }

const knownRecord: SandboxRecord = {
  name: 'known',
  sessionId: 'k',
  containerId: 'c1',
  url: 'http://127.0.0.1:49152',
  ports: [49152],
  mountDir: null,
  storagePath: null,
  runtimeToken: 'token',
  image: 'agentscope/runtime-sandbox-base:latest',
  imageId: null,
  meta: {},
  timeoutSeconds: 60,
  environment: {},
  sandboxType: 'base',
  state: 'running',
  stateReason: 'created',
  sessionContextId: null,
  poolKey: null,
  createdAt: 1_763_872_000_123,
  updatedAt: 1_763_872_000_124,
  lastActiveAt: null,
  recycledAt: null,
  releasedAt: null,
  recycleReason: null,
  redirectTo: null,
  revision: 1,
}

/** `replacements` take the place of single methods. */
export function fakeManager(replacements: Partial<ManagerApi> = {}): FakeManager {
  const calls: FakeManager['calls'] = []
  const find = (identity: string) => {
    if (identity === 'known') return knownRecord
    throw new SandboxError('sandbox_not_found', `No container found with id: ${identity}.`)
  }
  const answers: ManagerApi = {
    createFromPool: async () => 'known',
    create: async () => 'known',
    release: async () => true,
    start: async (identity) => void find(identity),
    stop: async (identity) => void find(identity),
    getStatus: async (identity) => (identity === 'known' ? 'running' : undefined),
    getInfo: async (identity) => find(identity),
    checkHealth: async (identity) => find(identity) !== undefined,
    listTools: async (identity) => (find(identity), { generic: {} }),
    callTool: async (identity) => (find(identity), { meta: null, content: [], isError: false }),
    addMcpServers: async (identity) => (find(identity), 'OK'),
    getSessionMapping: async () => ['known'],
    listSessionKeys: async () => ['S1'],
    cleanup: async () => {},
    fetchRuntime: async (identity) => (find(identity), Response.json({ ok: true })),
    ...replacements,
  }
  const recording = Object.entries(answers).map(([method, answer]) => [
    method,
    (...parameters: unknown[]) => {
      calls.push({ method, parameters })
      return (answer as (...given: unknown[]) => unknown)(...parameters)
    },
  ])
  return { ...(Object.fromEntries(recording) as ManagerApi), calls }
}
