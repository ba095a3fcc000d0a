import { note, step } from '../bootstrap/progress.mjs'

/**
 * What a choice looks at; see docker.mjs and debian-base-image.mjs.
 *
 * @typedef {object} BaseImageSources
 * @property {string} publicImage the Dockerfile's own
 * @property {string} debianImage the one that can be made here
 * @property {(reference: string) => Promise<boolean>} has whether the engine has it
 * @property {(reference: string) => Promise<void>} pull
 * @property {(reference: string) => Promise<void>} createDebian
 */

/**
 * Provides the image to build on.
 *
 * @param {string} wanted `auto`: the public image, or a Debian made here where that cannot be had; `debian`: the
 *   latter; anything else is a reference
 * @param {BaseImageSources} sources
 * @returns {Promise<string>} a reference that the engine has
 */
export async function chooseBaseImage(wanted, sources) {
  if (wanted === 'debian') return provideDebian(sources)
  if (wanted !== 'auto') return provideReference(wanted, sources)
  if (await sources.has(sources.publicImage)) return sources.publicImage
  // Made on an earlier run, when there was no other: not worth asking the network again.
  if (await sources.has(sources.debianImage)) return sources.debianImage
  try {
    return await provideReference(sources.publicImage, sources)
  } catch (error) {
    note(`${sources.publicImage} cannot be pulled: ${lastLine(error)}`)
  }
  return provideDebian(sources)
}

/**
 * @param {string} reference
 * @param {BaseImageSources} sources
 */
async function provideReference(reference, sources) {
  if (!(await sources.has(reference))) await step(`pulling ${reference}`, () => sources.pull(reference))
  return reference
}

/** @param {BaseImageSources} sources */
async function provideDebian(sources) {
  const reference = sources.debianImage
  if (await sources.has(reference)) return reference
  await step(`making a Debian base image with debootstrap, ${reference}`, () => sources.createDebian(reference))
  return reference
}

/** @param {unknown} error */
function lastLine(error) {
  const message = error instanceof Error ? error.message : String(error)
  return message.trim().split('\n').at(-1)
}
