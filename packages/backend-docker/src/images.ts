import type Docker from 'dockerode'
import { SandboxError, type Clock, type Logger, type WaitOptions } from '@runtime-sandbox/core'
import { engineWords, isNotFound, mapError } from './map-error.ts'

/** At most one line about a pull in this time. */
const progressEveryMs = 5_000

export type ImagesOptions = { docker: Docker; logger: Logger; clock: Clock; pull: 'missing' | 'always' | 'never' }

type Progress = { status?: string; id?: string; error?: string; progressDetail?: { current?: number; total?: number } }

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
    const found = pull === 'always' ? undefined : await this.find(image, { signal })
    if (found) return found
    if (pull === 'never')
      throw new SandboxError('image_unavailable', `image ${image} is not there, and DOCKER_PULL is never`)
    await this.#pullOnce(image, signal)
    const pulled = await this.find(image, { signal })
    if (!pulled) throw new SandboxError('image_unavailable', `image ${image} is not there after it was pulled`)
    return pulled
  }

  /** Id of an image that is there; undefined when it is not. */
  async find(image: string, { signal }: WaitOptions = {}): Promise<string | undefined> {
    try {
      const options = { ...(signal && { abortSignal: signal }) } as Docker.ImageInspectOptions
      const { Id } = await this.#options.docker.getImage(image).inspect(options)
      return Id
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw mapError(error, { otherwise: 'image_unavailable', doing: `looking for image ${image}`, signal })
    }
  }

  async #pullOnce(image: string, signal: AbortSignal | undefined): Promise<void> {
    let pull = this.#pulls.get(image)
    if (!pull) {
      pull = this.#pull(image).finally(() => this.#pulls.delete(image))
      pull.catch(() => {})
      this.#pulls.set(image, pull)
    }
    // A caller that gives up leaves the pull to the others.
    await Promise.race([pull, aborted(signal)])
  }

  async #pull(image: string): Promise<void> {
    const { docker, logger, clock } = this.#options
    logger.info({ event: 'image.pull', image }, `pulling ${image}`)
    const startedAt = clock.now()
    try {
      await this.#follow(image, (await docker.pull(image)) as NodeJS.ReadableStream)
    } catch (error) {
      if (SandboxError.is(error)) throw error
      const mapped = mapError(error, { otherwise: 'image_unavailable', doing: `to pull image ${image}` })
      throw mapped
    }
    logger.info({ event: 'image.pulled', image, durationMs: clock.now() - startedAt }, `pulled ${image}`)
  }

  #follow(image: string, stream: NodeJS.ReadableStream): Promise<void> {
    const { docker, logger, clock } = this.#options
    const layers = new Map<string, { current: number; total: number }>()
    let lastAt = clock.now()
    return new Promise((resolve, reject) => {
      const finish = (error: Error | null, output: Progress[] = []) => {
        const failure = error ? engineWords(error) : output.find((line) => line.error)?.error
        if (failure === undefined) resolve()
        else
          reject(
            new SandboxError('image_unavailable', `image ${image} cannot be pulled: ${failure}`, {
              cause: error ?? undefined,
            }),
          )
      }
      docker.modem.followProgress(stream, finish, ({ id, progressDetail }: Progress) => {
        if (id && progressDetail?.total)
          layers.set(id, { current: progressDetail.current ?? 0, total: progressDetail.total })
        if (clock.now() - lastAt < progressEveryMs) return
        lastAt = clock.now()
        logger.info({ event: 'image.pulling', image, ...sum(layers.values()) }, `pulling ${image}`)
      })
    })
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

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason as Error)
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
}
