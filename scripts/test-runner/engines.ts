import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const imageBuilder = fileURLToPath(new URL('../engines/build-base-image.mjs', import.meta.url))

/** What can run sandboxes on this machine. */
export type Engine = {
  /** As in REQUIRE. */
  name: 'docker' | 'local'
  /** Why it cannot be used; undefined when it can. */
  problem: string | undefined
}

/** Whether the suites that these filters of vitest select may start containers, and so need the base image. */
export function mayUseContainers(argumentList: readonly string[]): boolean {
  const filters = argumentList.filter((argument) => !argument.startsWith('-'))
  return filters.length === 0 || filters.some((filter) => /docker|e2e|images|apps|server|client/.test(filter))
}

/**
 * Whether a Docker engine answers the `docker` command.
 *
 * @param needsImage also provides the base image, which takes minutes the first time
 */
export async function probeDocker(env: NodeJS.ProcessEnv, needsImage: boolean): Promise<Engine> {
  const name = 'docker'
  const problem = await problemOf('docker', ['version', '--format', '{{.Server.Version}}'], env, 15_000)
  if (problem !== undefined) return { name, problem: `no Docker engine answers (${problem})` }
  if (!needsImage || !existsSync(imageBuilder)) return { name, problem: undefined }
  process.stderr.write('Docker answers; building the base image unless it is there already …\n')
  const buildProblem = await problemOf(process.execPath, [imageBuilder, '--if-changed'], env, 30 * 60_000)
  return { name, problem: buildProblem && `the base image could not be built (${buildProblem})` }
}

/** Whether bubblewrap is there and may make namespaces. */
export async function probeLocal(env: NodeJS.ProcessEnv): Promise<Engine> {
  const argumentList = ['--unshare-all', '--die-with-parent', '--ro-bind', '/', '/', 'true']
  const problem = await problemOf('bwrap', argumentList, env, 15_000)
  return { name: 'local', problem: problem && `bubblewrap does not work (${problem})` }
}

/** undefined when the command succeeds, else the last thing it said. */
async function problemOf(
  file: string,
  argumentList: string[],
  env: NodeJS.ProcessEnv,
  timeoutMs: number,
): Promise<string | undefined> {
  try {
    await run(file, argumentList, { env, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 })
    return undefined
  } catch (error) {
    const { code, killed, stderr, message } = error as NodeJS.ErrnoException & { killed?: boolean; stderr?: string }
    if (code === 'ENOENT') return `no ${file} command`
    if (killed === true) return `took longer than ${timeoutMs / 1000} s`
    return stderr?.trim().split('\n').at(-1) || message
  }
}
