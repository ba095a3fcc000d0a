import { createServer, type RequestListener, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import {
  booleanSetting,
  defineBackend,
  SandboxError,
  type ContainerInfo,
  type ContainerSpec,
} from '@runtime-sandbox/core'
import { z } from 'zod'

// A third party's engine, as an operator would name it in CONTAINER_DEPLOYMENT: its sandboxes are HTTP servers of this process.

/** What a sandbox serves on its port beside its runtime. */
export type BesideRuntime = {
  onRequest: RequestListener
  /** Told of the server of each sandbox. */
  onServer: (server: Server, spec: ContainerSpec) => void
}

type Fake = { info: ContainerInfo; server: Server }

async function startRuntime(spec: ContainerSpec, beside: BesideRuntime | undefined): Promise<Server> {
  const { environment } = spec
  const server = createServer((request, response) => {
    if (beside && !request.url?.startsWith('/fastapi')) return beside.onRequest(request, response)
    if (request.headers.authorization !== `Bearer ${environment['SECRET_TOKEN']}`)
      return void response.writeHead(403).end()
    if (request.url === '/fastapi/healthz') return void response.end('OK')
    if (request.url === '/fastapi/slow') return void response.write('and never ends')
    response.writeHead(200, { 'content-type': 'text/plain' }).end(`${request.method} ${request.url}`)
  })
  beside?.onServer(server, spec)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

export const fakeEngine = (beside?: BesideRuntime) =>
  defineBackend({
    name: 'fake',
    configSchema: z.object({
      FAKE_FAILS: booleanSetting.prefault('False').describe('Whether the engine does not answer.'),
      FAKE_TOKEN: z.string().regex(/^\d*$/, 'not a number').optional(),
    }),
    create({ FAKE_FAILS }, { logger }) {
      const fakes = new Map<string, Fake>()
      const end = (server: Server) => {
        server.closeAllConnections()
        server.close()
      }
      return {
        name: 'fake',
        survivesServer: false,
        mountsHostDirectories: false,
        async create(spec) {
          const server = await startRuntime(spec, beside)
          const { port } = server.address() as AddressInfo
          const url = `http://127.0.0.1:${port}`
          const { name, labels, environment } = spec
          const container = { id: name, url, ports: [port], imageId: null }
          const info: ContainerInfo = {
            ...container,
            name,
            labels,
            environment,
            status: 'running',
            createdAt: 0,
            mounts: [],
          }
          fakes.set(name, { info, server })
          return container
        },
        async start(id) {
          const fake = fakes.get(id)
          if (!fake) throw new SandboxError('sandbox_not_found', id)
          return fake.info
        },
        async stop() {},
        async remove(id) {
          const fake = fakes.get(id)
          if (fake) end(fake.server)
          fakes.delete(id)
        },
        async inspect(id) {
          return fakes.get(id)?.info
        },
        async *list() {
          for (const { info } of fakes.values()) yield info
        },
        async ping() {
          if (FAKE_FAILS) throw new SandboxError('engine_unavailable', 'the fake engine is switched off')
        },
        async close() {
          logger.info({ left: fakes.size }, 'fake engine closed')
          for (const { server } of fakes.values()) end(server)
        },
      }
    },
  })

export default fakeEngine()
