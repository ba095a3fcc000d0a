import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { defineBackend, SandboxError, type ContainerInfo } from '@runtime-sandbox/core'
import { z } from 'zod'

// An engine whose sandboxes are nothing but entries of a table, healthy at once: what is measured on it is the server alone.

let listening: Promise<Server> | undefined

async function runtime(): Promise<Server> {
  const server = createServer((_, response) => void response.end('OK'))
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  return server
}

export default defineBackend({
  name: 'instant',
  configSchema: z.object({}),
  create() {
    const containers = new Map<string, ContainerInfo>()
    return {
      name: 'instant',
      survivesServer: false,
      mountsHostDirectories: false,
      async create({ name, labels, environment }) {
        const { port } = (await (listening ??= runtime())).address() as AddressInfo
        const container = { id: name, url: `http://127.0.0.1:${port}`, ports: [port], imageId: null }
        containers.set(name, { ...container, name, labels, environment, status: 'running', createdAt: 0, mounts: [] })
        return container
      },
      async start(id) {
        const info = containers.get(id)
        if (!info) throw new SandboxError('sandbox_not_found', id)
        return info
      },
      async stop() {},
      async remove(id) {
        containers.delete(id)
      },
      async inspect(id) {
        return containers.get(id)
      },
      async *list() {
        yield* containers.values()
      },
      async ping() {},
      async close() {},
    }
  },
})
