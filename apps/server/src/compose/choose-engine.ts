import {
  SandboxError,
  type BackendContext,
  type BackendDefinition,
  type ContainerBackend,
  type WaitOptions,
} from '@runtime-sandbox/core'
import { StartupError } from '../startup-error.ts'
import type { Configured } from './load-configuration.ts'

/** How long the image that a caller asks for may take to be pulled. */
const imageTimeoutMs = 120_000

export type ChooseEngineOptions = {
  /** In order of preference; the first that answers is taken. */
  engines: readonly Configured<BackendDefinition>[]
  context: BackendContext
  /** How long an engine may take to answer; default 2 s where there is another one, else 10 s. */
  answerTimeoutMs?: number | undefined
  /** Take an engine that works with images only if it has this one, or can get it. */
  requireImage?: string | undefined
}

export type EngineChoice = {
  backend: ContainerBackend
  /** Of the definition. */
  name: string
  /** Why it was taken, in one sentence. */
  reason: string
}

/** The engine to run on. Those that are not taken are closed. @throws StartupError with the reason of each when none works */
export async function chooseEngine(options: ChooseEngineOptions): Promise<EngineChoice> {
  const reasons: string[] = []
  for (const engine of options.engines) {
    const { name } = engine.definition
    const attempt = await tryEngine(engine, options)
    if ('backend' in attempt) {
      const reason = reasons.length > 0 ? `${name} is used, because of ${reasons.join('; ')}` : `${name} answers`
      return { backend: attempt.backend, name, reason }
    }
    reasons.push(`${name}: ${attempt.problem}`)
  }
  if (reasons.length === 1)
    throw StartupError.unavailable(`CONTAINER_DEPLOYMENT: the engine does not work: ${reasons[0]}`)
  throw StartupError.unavailable(`CONTAINER_DEPLOYMENT: no engine works: ${reasons.join('; ')}`)
}

async function tryEngine(
  { definition, config }: Configured<BackendDefinition>,
  { context, engines, requireImage, answerTimeoutMs = engines.length > 1 ? 2000 : 10_000 }: ChooseEngineOptions,
): Promise<{ backend: ContainerBackend } | { problem: string }> {
  let backend: ContainerBackend | undefined
  try {
    backend = await definition.create(config, context)
    const made = backend
    await within((options) => made.ping(options), answerTimeoutMs, 'no answer')
    if (requireImage !== undefined) {
      await within(
        async (options) => made.resolveImage?.(requireImage, options),
        imageTimeoutMs,
        `image ${requireImage} could not be had`,
      )
    }
    return { backend }
  } catch (error) {
    await backend?.close().catch((failure: unknown) => context.logger.warn({ err: failure }, 'engine did not close'))
    if (!SandboxError.is(error)) context.logger.debug({ err: error }, `engine ${definition.name} failed`)
    return { problem: (error as Error).message }
  }
}

/** An engine that ignores the signal does not hold up the start either. */
async function within(
  work: (options: WaitOptions) => Promise<unknown>,
  timeoutMs: number,
  what: string,
): Promise<void> {
  const late = new SandboxError('engine_unavailable', `${what} within ${timeoutMs / 1000} s`)
  const abort = new AbortController()
  const { promise: expired, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(late)
    abort.abort(late)
  }, timeoutMs)
  try {
    await Promise.race([work({ signal: abort.signal }), expired])
  } finally {
    clearTimeout(timer)
  }
}
