import { connect, createServer, type Server } from 'node:net'

/** Listens on a port of this machine. */
export async function listen(port: number, host = '127.0.0.1'): Promise<Server> {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return server
}

/** Why no connection to a port comes about; undefined when one does. */
export function connectProblem(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host })
    socket.setTimeout(2000, () => socket.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })))
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
    socket.once('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
  })
}

/** No longer listens. */
export async function unlisten(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve))
}
