import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import { SandboxError, type Clock, type Logger, type WaitOptions } from '@runtime-sandbox/core'
import { z } from 'zod'
import { isImageReference } from './image-reference.ts'
import { isNotFound, mapError } from './map-error.ts'
import { limited, requestLimits } from './request-limits.ts'
import { streamLines } from './stream-lines.ts'

/** At most one line about a pull in this time. */
const progressEveryMs = 5_000

export type ImagesOptions = { docker: Docker; logger: Logger; clock: Clock; pull: 'missing' | 'always' | 'never' }

const progressSchema = z.object({
  id: z.string().optional(),
  error: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
})

/** Finds images, and pulls those that are missing: one pull at a time per image, shared by all who wait. */
export class Images {
  readonly #options: ImagesOptions
  readonly #pulls = new Map<string, Promise<void>>()

  constructor(options: ImagesOptions) {
    this.#options = options
  }

  /** Immutable id of the image, pulled if need be. @throws SandboxError `image_unavailable` */
  async resolve(image: string, { signal }: WaitOptions = {}): Promise<string> {
    const { pull } = this.#options
    if (!isImageReference(image))
      throw new SandboxError('image_unavailable', `${JSON.stringify(image)} is not the name of an image`)
    const found = pull === 'always' ? undefined : await this.#find(image, signal)
    if (found) return found
    if (pull === 'never')
      throw new SandboxError('image_unavailable', `image ${image} is not there, and DOCKER_PULL is never`)
    await this.#pullOnce(image, signal)
    const pulled = await this.#find(image, signal)
    if (!pulled) throw new SandboxError('image_unavailable', `image ${image} is not there after it was pulled`)
    return pulled
  }

  /** Id of an image that is there; undefined when it is not. */
  async #find(image: string, signal: AbortSignal | undefined): Promise<string | undefined> {
    try {
      const options = limited(signal, requestLimits.look) as Docker.ImageInspectOptions
      const { Id } = await this.#options.docker.getImage(image).inspect(options)
      return Id
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw mapError(error, { otherwise: 'image_unavailable', doing: `to look for image ${image}`, signal })
    }
  }

  /** A caller that gives up leaves the pull to the others. */
  async #pullOnce(image: string, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    let pull = this.#pulls.get(image)
    if (!pull) {
      pull = this.#pull(image).finally(() => this.#pulls.delete(image))
      pull.catch(() => {})
      this.#pulls.set(image, pull)
    }
    const { promise: givenUp, reject } = Promise.withResolvers<never>()
    const giveUp = () => reject(signal?.reason as Error)
    signal?.addEventListener('abort', giveUp, { once: true })
    try {
      await Promise.race([pull, givenUp])
    } finally {
      signal?.removeEventListener('abort', giveUp)
    }
  }

  async #pull(image: string): Promise<void> {
    const { docker, logger, clock } = this.#options
    logger.info({ event: 'image.pull', image }, `pulling ${image}`)
    const startedAt = clock.now()
    try {
      await this.#follow(image, (await docker.pull(image)) as Readable)
    } catch (error) {
      throw mapError(error, { otherwise: 'image_unavailable', doing: `to pull image ${image}` })
    }
    logger.info({ event: 'image.pulled', image, durationMs: clock.now() - startedAt }, `pulled ${image}`)
  }

  /** Reads to the end what the engine tells of a pull: only then it is done. */
  async #follow(image: string, stream: Readable): Promise<void> {
    const { logger, clock } = this.#options
    const layers = new Map<string, { current: number; total: number }>()
    let lastAt = clock.now()
    for await (const line of streamLines(stream)) {
      const { id, error, progressDetail: { current = 0, total } = {} } = progressOf(line)
      if (error !== undefined) throw new SandboxError('image_unavailable', `image ${image} cannot be pulled: ${error}`)
      if (id && total) layers.set(id, { current, total })
      if (clock.now() - lastAt < progressEveryMs) continue
      lastAt = clock.now()
      logger.info({ event: 'image.pulling', image, ...sum(layers.values()) }, `pulling ${image}`)
    }
  }
}

function progressOf(line: string): z.output<typeof progressSchema> {
  try {
    return progressSchema.safeParse(JSON.parse(line)).data ?? {}
  } catch {
    return {}
  }
}

function sum(layers: Iterable<{ current: number; total: number }>): { bytes: number; ofBytes: number } {
  let [bytes, ofBytes] = [0, 0]
  for (const { current, total } of layers) {
    bytes += current
    ofBytes += total
  }
  return { bytes, ofBytes }
}
