import { AsyncLocalStorage } from 'node:async_hooks'

const storage = new AsyncLocalStorage<string>()

/** Does `work` as part of the request with this id: all that it logs and sends to sandboxes carries the id. */
export function withRequestId<T>(requestId: string, work: () => T): T {
  return storage.run(requestId, work)
}

/** Id of the request that is being worked on here. */
export function currentRequestId(): string | undefined {
  return storage.getStore()
}
