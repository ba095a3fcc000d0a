import { findExecutable } from '../bootstrap/find-executable.mjs'
import { CommandError, runCommand } from '../bootstrap/run-command.mjs'

/** @typedef {{ id: string, tags: string[], labels: Record<string, string> }} ImageFacts */

/**
 * Runs the `docker` command, which finds the engine as it is configured to.
 *
 * @param {string[]} argumentList
 * @param {{ timeoutMs?: number, env?: NodeJS.ProcessEnv }} [options]
 */
export async function docker(argumentList, options) {
  if (findExecutable('docker') === undefined) throw new Error('There is no docker command on the search path.')
  return runCommand('docker', argumentList, options)
}

/** @throws when no engine answers */
export async function requireEngine() {
  await docker(['version', '--format', '{{.Server.Version}}'], { timeoutMs: 20_000 })
}

/**
 * @param {string} reference
 * @returns {Promise<ImageFacts | undefined>} undefined when the engine does not have the image
 */
export async function findImage(reference) {
  try {
    const text = await docker(['image', 'inspect', '--format', '{{json .}}', reference], { timeoutMs: 60_000 })
    const { Id: id, RepoTags: tags, Config: config } = JSON.parse(text)
    return { id, tags: tags ?? [], labels: config?.Labels ?? {} }
  } catch (error) {
    if (error instanceof CommandError && /no such image|not known|not found/i.test(error.message)) return undefined
    throw error
  }
}

/**
 * An engine that reaches no registry says so within seconds; the limit is for one that is reached and slow.
 *
 * @param {string} reference
 */
export async function pullImage(reference) {
  await docker(['pull', '--quiet', reference], { timeoutMs: 5 * 60_000 })
}

/** @param {string[]} argumentList of `docker build`, the context last */
export async function buildImage(argumentList) {
  // Without its plug-in, the docker command has the classic builder alone and must be told so.
  const env = (await hasBuildx()) ? process.env : { ...process.env, DOCKER_BUILDKIT: '0' }
  await docker(['build', ...argumentList], { env, timeoutMs: 30 * 60_000 })
}

/**
 * Removes an image that no name leads to any more, unless a container still uses it.
 *
 * @param {string} id
 */
export async function removeUnnamedImage(id) {
  const image = await findImage(id)
  if (image === undefined || image.tags.length > 0) return
  try {
    await docker(['image', 'rm', id], { timeoutMs: 60_000 })
  } catch (error) {
    if (!(error instanceof CommandError && /conflict|in use/i.test(error.message))) throw error
  }
}

async function hasBuildx() {
  try {
    await docker(['buildx', 'version'], { timeoutMs: 20_000 })
    return true
  } catch {
    return false
  }
}
