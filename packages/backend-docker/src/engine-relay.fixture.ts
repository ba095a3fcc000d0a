import { connect, createServer, type Server, type Socket } from 'node:net'

/** A socket in front of the engine's own, which can be closed as if the engine had gone. */
export class EngineRelay {
  readonly socketPath: string
  readonly #connections = new Set<Socket>()
  #server: Server | undefined
  /** Whether requests reach the engine. Else they are taken and never answered. */
  forwards = true

  constructor(socketPath: string) {
    this.socketPath = socketPath
  }

  async open(): Promise<void> {
    const server = createServer((near) => this.#relay(near))
    this.#server = server
    await new Promise<void>((resolve) => server.listen(this.socketPath, resolve))
  }

  /** Nothing listens any more, and all connections break. */
  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (!server) return
    const closed = new Promise((resolve) => server.close(resolve))
    for (const connection of this.#connections) connection.destroy()
    await closed
  }

  #relay(near: Socket): void {
    this.#keep(near)
    if (!this.forwards) return
    const far = connect('/var/run/docker.sock')
    this.#keep(far)
    near.pipe(far).pipe(near)
    near.once('close', () => far.destroy())
    far.once('close', () => near.destroy())
  }

  #keep(socket: Socket): void {
    this.#connections.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => this.#connections.delete(socket))
  }
}
