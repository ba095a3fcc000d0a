import { createServer } from 'node:net'

/**
 * Whether somebody on this machine listens on the port, as far as can be told from here; so the engine need not be asked for what it
 * would refuse.
 */
export function isPortInUse(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(false)))
  })
}
