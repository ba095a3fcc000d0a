import { setTimeout as delay } from 'node:timers/promises'
import type { Container } from '@runtime-sandbox/core'
import { dialRuntime } from './dial-runtime.ts'

const pauseMs = 20

export type AwaitRuntimeOptions = {
  token: string
  /** Default 30 000. */
  timeoutMs?: number
}

/** Resolves when the sandbox's runtime has answered its health check. @throws Error that tells its last answer */
export async function awaitRuntime({ url }: Pick<Container, 'url'>, options: AwaitRuntimeOptions): Promise<void> {
  const { token, timeoutMs = 30_000 } = options
  const deadline = performance.now() + timeoutMs
  let last = 'nothing'
  while (performance.now() < deadline) {
    try {
      const { status, text } = await dialRuntime(url, '/fastapi/healthz', { token, timeoutMs: 2000 })
      if (status === 200) return
      last = `${status} ${text.slice(0, 200)}`
    } catch (error) {
      last = (error as Error).message
    }
    await delay(pauseMs)
  }
  throw new Error(`the runtime at ${url} was not healthy within ${timeoutMs} ms; last: ${last}`)
}

/** Whether a runtime answers there now, with whatever status. */
export async function answers(url: string): Promise<boolean> {
  return dialRuntime(url, '/fastapi/healthz', { timeoutMs: 2000 }).then(
    () => true,
    () => false,
  )
}
