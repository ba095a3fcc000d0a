import { SandboxError, type CreateFromPoolOptions, type ManagerApi, type SandboxRecord } from '@runtime-sandbox/core'
import { encodeRecord } from '@runtime-sandbox/protocol'
import { answer, startFakeServer } from './fake-server.fixture.ts'

const sample: SandboxRecord = {
  name: '',
  sessionId: 's1',
  containerId: 'c1',
  url: 'http://127.0.0.1:49152',
  ports: [49152],
  mountDir: null,
  storagePath: null,
  runtimeToken: 'secret',
  image: 'agentscope/runtime-sandbox-base:latest',
  imageId: null,
  meta: {},
  timeoutSeconds: 60,
  environment: {},
  sandboxType: 'base',
  state: 'running',
  stateReason: '',
  sessionContextId: null,
  poolKey: null,
  createdAt: 1,
  updatedAt: 1,
  lastActiveAt: 1,
  recycledAt: null,
  releasedAt: null,
  recycleReason: null,
  redirectTo: null,
  revision: 1,
}

/** Sessions and their sandboxes, in memory: as much of a manager as sessions need. */
export class FakeSessions {
  readonly records = new Map<string, SandboxRecord>()
  /** Every call, e.g. `release box-1`. */
  readonly calls: string[] = []
  /** Awaited by each creation. */
  beforeCreate: (options: CreateFromPoolOptions) => Promise<void> = async () => {}
  #count = 0

  /** Something that is there without having been asked for. */
  put(record: Partial<SandboxRecord>): SandboxRecord {
    const name = record.name ?? `box-${++this.#count}`
    const whole = { ...sample, createdAt: this.#count, ...record, name }
    this.records.set(name, whole)
    return whole
  }

  names(session: string): string[] {
    const states = ['running', 'recycled']
    return [...this.records.values()]
      .filter(({ sessionContextId, state }) => sessionContextId === session && states.includes(state))
      .map(({ name }) => name)
  }

  readonly manager = {
    createFromPool: async (options: CreateFromPoolOptions = {}) => {
      const { sandboxType = 'base', meta = {}, signal } = options
      this.calls.push(`create ${sandboxType}`)
      await this.beforeCreate(options)
      signal?.throwIfAborted()
      return this.put({ sandboxType, meta, sessionContextId: String(meta['session_ctx_id']) }).name
    },
    getSessionMapping: async (session: string) => this.names(session),
    getInfo: async (name: string): Promise<SandboxRecord> => {
      const record = this.records.get(name)
      if (!record) throw new SandboxError('sandbox_not_found', `No container found with id: ${name}.`)
      return record.state === 'replaced' ? this.manager.getInfo(record.redirectTo!) : record
    },
    release: async (name: string) => {
      this.calls.push(`release ${name}`)
      const record = this.records.get(name)
      if (record) this.records.set(name, { ...record, state: 'released' })
      return true
    },
    callTool: async (name: string) => ({
      content: [{ type: 'text', text: name, description: 'stdout' }],
      isError: false,
    }),
  }

  get embedded(): ManagerApi {
    return this.manager as unknown as ManagerApi
  }

  /** The same behind HTTP. */
  async serve(bearerToken: string) {
    return startFakeServer((request, response) => {
      if (request.headers.authorization !== `Bearer ${bearerToken}`) {
        return answer(response, { detail: 'Authentication required', code: 'unauthorized' }, 401)
      }
      const body = JSON.parse(request.body.toString()) as Record<string, string>
      this.#invoke(request.url, body).then(
        (data) => answer(response, { data }),
        (error: SandboxError) => answer(response, { detail: error.message, code: error.code }, error.status),
      )
    })
  }

  async #invoke(url: string, body: Record<string, unknown>): Promise<unknown> {
    const { manager } = this
    const identity = body['identity'] as string
    switch (url) {
      case '/create_from_pool':
        return manager.createFromPool({
          sandboxType: body['sandbox_type'] as string,
          meta: body['meta'] as Record<string, unknown>,
        })
      case '/get_session_mapping':
        return manager.getSessionMapping(body['session_ctx_id'] as string)
      case '/get_info':
        return encodeRecord(await manager.getInfo(identity))
      case '/release':
        return manager.release(identity)
      case '/call_tool':
        return manager.callTool(identity)
      default:
        throw new SandboxError('route_not_found', url)
    }
  }
}
