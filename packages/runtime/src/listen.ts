import { lstatSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import type { ListenAddress } from './runtime-config.ts'

/**
 * Binds a server. A socket that an earlier runtime left is replaced; anything else in its place is not.
 *
 * @returns the address with the port that was chosen, when it was 0
 * @throws the system's error when the address cannot be had
 */
export async function listen(server: Server, address: ListenAddress): Promise<ListenAddress> {
  if ('socket' in address) removeStale(address.socket)
  // Anyone may connect to a socket from its first moment: its folder says who may reach it; the token, who may use it.
  const before = process.umask(0o111)
  const listening = new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen('socket' in address ? { path: address.socket } : address, resolve)
  })
  process.umask(before)
  await listening
  if ('socket' in address) return address
  const bound = server.address()
  return { ...address, port: typeof bound === 'object' && bound !== null ? bound.port : address.port }
}

function removeStale(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path)
}
