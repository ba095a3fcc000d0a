import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { buildImageUri, imageNamingFrom } from '@runtime-sandbox/core'

const run = promisify(execFile)

/** The base image of the tests; the test runner builds it. */
export const testImage = buildImageUri(
  'runtime-sandbox-base',
  imageNamingFrom({ RUNTIME_SANDBOX_IMAGE_NAMESPACE: 'runtime-sandbox-test', ...process.env }),
)

/** Why the tests on a real engine cannot run here. */
export async function dockerProblem(): Promise<string | undefined> {
  const answers = await run('docker', ['version', '--format', '{{.Server.Version}}']).catch(() => undefined)
  if (!answers) return 'no Docker engine answers'
  const image = await run('docker', ['image', 'inspect', testImage]).catch(() => undefined)
  return image ? undefined : `the image ${testImage} is not there`
}
