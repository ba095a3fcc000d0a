import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { detectLocal } from '@runtime-sandbox/backend-local'
import { buildImageUri, imageNamingFrom } from '@runtime-sandbox/core'
import { engineSuite } from '@runtime-sandbox/testkit'

const run = promisify(execFile)

/** An engine to test on. */
export type TestEngine = { name: 'local' | 'docker'; skip: boolean; environment: Record<string, string> }

/** Images of the tests have a namespace of their own; the test runner builds them. */
export const imageEnvironment = {
  RUNTIME_SANDBOX_IMAGE_NAMESPACE: 'runtime-sandbox-test',
  ...pick('RUNTIME_SANDBOX_IMAGE_NAMESPACE'),
}
const baseImage = buildImageUri('runtime-sandbox-base', imageNamingFrom(imageEnvironment))

export const local: TestEngine = {
  name: 'local',
  ...engineSuite('local', await detectLocal({ python: process.env['LOCAL_PYTHON'] || undefined })),
  environment: { CONTAINER_DEPLOYMENT: 'local', ...pick('LOCAL_PYTHON') },
}

export const docker: TestEngine = {
  name: 'docker',
  ...engineSuite('docker', await dockerProblem()),
  environment: { CONTAINER_DEPLOYMENT: 'docker', ...imageEnvironment },
}

export const engines: readonly TestEngine[] = [local, docker]

async function dockerProblem(): Promise<string | undefined> {
  const answers = await run('docker', ['version', '--format', '{{.Server.Version}}']).catch(() => undefined)
  if (!answers) return 'no Docker engine answers'
  const image = await run('docker', ['image', 'inspect', baseImage]).catch(() => undefined)
  return image ? undefined : `the image ${baseImage} is not there`
}

function pick(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}

/** Runs the Docker CLI. */
export async function dockerCommand(...words: string[]): Promise<string> {
  return (await run('docker', words)).stdout.trim()
}
