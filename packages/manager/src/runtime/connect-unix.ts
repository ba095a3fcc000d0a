import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import type { buildConnector } from 'undici'

// Linux's O_PATH, which node does not name: a handle on the directory entry itself, without opening what it is.
const openPath = 0x20_0000

/**
 * Connects to the Unix socket at `path`, never through a symbolic link.
 *
 * The socket lies where sandboxed code can write. Were it dialled by name, the code could put a link to another socket of the
 * host (an engine's) in its place and have the server talk to that. So the entry is pinned first, looked at, and the connection
 * goes to what was pinned.
 */
export function unixConnector(path: string): buildConnector.connector {
  return (_options, callback) => {
    let pinned: number
    try {
      pinned = openSocket(path)
    } catch (error) {
      callback(error as Error, null)
      return
    }
    const socket = connect({ path: `/proc/self/fd/${pinned}` })
    const settle = (error?: Error) => {
      closeSync(pinned)
      socket.removeAllListeners('connect').removeListener('error', settle)
      if (error) callback(error, null)
      else callback(null, socket)
    }
    socket.once('connect', () => settle())
    socket.once('error', settle)
  }
}

/** The same, for other uses than undici's. */
export function connectUnix(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    unixConnector(path)({} as buildConnector.Options, (error, socket) => (error ? reject(error) : resolve(socket)))
  })
}

function openSocket(path: string): number {
  const pinned = openSync(path, openPath | constants.O_NOFOLLOW)
  if (fstatSync(pinned).isSocket()) return pinned
  closeSync(pinned)
  throw Object.assign(new Error('the endpoint of the sandbox is not a socket'), { code: 'ENOTSOCK' })
}
