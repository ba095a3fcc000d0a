import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { providePythonEnvironment, pythonClient } from '../bootstrap/python-environment.mjs'
import { findPython } from '../bootstrap/system-packages.mjs'

const run = promisify(execFile)
const imageBuilder = fileURLToPath(new URL('../engines/build-base-image.mjs', import.meta.url))

/** What suites need of this machine: what can run sandboxes, and the client of others that is to be served. */
export type Engine = {
  /** As in REQUIRE. */
  name: 'docker' | 'local' | 'python-client'
  /** Why it cannot be used; undefined when it can. */
  problem: string | undefined
}

/** Whether the suites that these filters of vitest select may start containers, and so need the base image. */
export function mayUseContainers(argumentList: readonly string[]): boolean {
  return maySelect(argumentList, /docker|e2e|images|apps|server|client/)
}

/** Whether these filters may select the suite that drives the server with the original's Python client. */
export function mayUsePythonClient(argumentList: readonly string[]): boolean {
  return maySelect(argumentList, /python|client|^tests\/?$/)
}

function maySelect(argumentList: readonly string[], suites: RegExp): boolean {
  const filters = argumentList.filter((argument) => !argument.startsWith('-'))
  return filters.length === 0 || filters.some((filter) => suites.test(filter))
}

/**
 * Whether a Docker engine answers the `docker` command.
 *
 * @param needsImage also provides the base image, which takes minutes the first time
 */
export async function probeDocker(env: NodeJS.ProcessEnv, needsImage: boolean): Promise<Engine> {
  const name = 'docker'
  const problem = await problemOf('docker', ['version', '--format', '{{.Server.Version}}'], { env, timeoutMs: 15_000 })
  if (problem !== undefined) return { name, problem: `no Docker engine answers (${problem})` }
  if (!needsImage) return { name, problem: undefined }
  // A certificate that this machine trusts besides the usual ones, the build of the image must trust as well.
  const certificate = env['NODE_EXTRA_CA_CERTS']
  const argumentList = [imageBuilder, '--if-changed', ...(certificate ? ['--ca-certificate', certificate] : [])]
  const options = { env, timeoutMs: 30 * 60_000, isShown: true }
  const buildProblem = await problemOf(process.execPath, argumentList, options)
  return { name, problem: buildProblem && `the base image could not be built (${buildProblem})` }
}

/** Whether bubblewrap is there and may make namespaces. */
export async function probeLocal(env: NodeJS.ProcessEnv): Promise<Engine> {
  const argumentList = ['--unshare-all', '--die-with-parent', '--ro-bind', '/', '/', 'true']
  const problem = await problemOf('bwrap', argumentList, { env, timeoutMs: 15_000 })
  return { name: 'local', problem: problem && `bubblewrap does not work (${problem})` }
}

/**
 * Whether the original's Python client can be had, which takes a package index the first time.
 *
 * @returns also its `interpreter`, the value of PYTHON_CLIENT
 */
export async function probePythonClient(): Promise<Engine & { interpreter?: string }> {
  const name = 'python-client'
  const python = findPython()
  if (python === undefined) return { name, problem: 'no python3 command' }
  try {
    return { name, problem: undefined, interpreter: await providePythonEnvironment(python, pythonClient) }
  } catch (error) {
    const lines = (error instanceof Error ? error.message : String(error)).trim().split('\n')
    return { name, problem: `its Python environment could not be made (${lines.at(-1)})` }
  }
}

type ProblemOptions = {
  env: NodeJS.ProcessEnv
  timeoutMs: number
  /** Shows what the command says on its standard error, as it comes. */
  isShown?: boolean
}

/** undefined when the command succeeds, else the last thing it said. */
async function problemOf(file: string, argumentList: string[], options: ProblemOptions): Promise<string | undefined> {
  const { env, timeoutMs, isShown = false } = options
  const running = run(file, argumentList, {
    env,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (isShown) running.child.stderr?.on('data', (text) => process.stderr.write(text))
  try {
    await running
    return undefined
  } catch (error) {
    const { code, killed, stderr, message } = error as NodeJS.ErrnoException & { killed?: boolean; stderr?: string }
    if (code === 'ENOENT') return `no ${file} command`
    if (killed === true) return `took longer than ${timeoutMs / 1000} s`
    return stderr?.trim().split('\n').at(-1) || message
  }
}
