import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { docker } from '../../scripts/engines/docker.mjs'

const healthLimitMs = 10_000
const pollMs = 5

type Answer = { status: number; body: string }

type ContentItem = { description: string; text: string }

export type SandboxContainer = AsyncDisposable & {
  id: string
  /** What must not be found anywhere inside. */
  token: string
  /** From the end of `docker run` to the first healthy answer. */
  healthyAfterMs: number
  call(path: string, body?: unknown, token?: string): Promise<Answer>
  /** Texts of the answer's items by description: stdout, stderr, returncode. */
  shell(command: string): Promise<Record<string, string>>
  python(code: string): Promise<Record<string, string>>
  /** Takes how long, in ms, and the exit code. */
  stop(): Promise<{ tookMs: number; exitCode: number }>
}

export type SandboxContainerOptions = {
  image: string
  /** Of `docker run`. */
  flags: readonly string[]
  /** Reached over this socket; unset: over a published port. */
  socketPath?: string | undefined
}

/** Starts a container of the image and waits until it is healthy. Nothing is left when that fails. */
export async function startSandboxContainer(options: SandboxContainerOptions): Promise<SandboxContainer> {
  const { image, flags, socketPath } = options
  const token = `needle-${randomBytes(16).toString('hex')}`
  const reach = socketPath === undefined ? ['--publish', '127.0.0.1::80'] : []
  const id = (await docker(['run', '--detach', '--env', `SECRET_TOKEN=${token}`, ...reach, ...flags, image])).trim()
  const remove = async () => void (await docker(['rm', '--force', '--volumes', id]))
  try {
    const startedAt = performance.now()
    const target = socketPath === undefined ? await publishedPort(id) : { socketPath }
    const call = (path: string, body?: unknown, given = token) => send(target, path, body, given)
    await untilHealthy(call, () => docker(['logs', id]))
    const healthyAfterMs = performance.now() - startedAt
    const shell = async (command: string) => contentOf(await call('/fastapi/tools/run_shell_command', { command }))
    const python = async (code: string) => contentOf(await call('/fastapi/tools/run_ipython_cell', { code }))
    const stop = () => stopContainer(id)
    return { id, token, healthyAfterMs, call, shell, python, stop, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await remove()
    throw error
  }
}

type Target = { host: string; port: number } | { socketPath: string }

async function publishedPort(id: string): Promise<Target> {
  const address = (await docker(['port', id, '80/tcp'])).trim().split('\n')[0]!
  return { host: '127.0.0.1', port: Number(address.split(':').at(-1)) }
}

/** GET without a body, POST with one. */
function send(target: Target, path: string, body: unknown, token: string): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body !== undefined && { 'content-type': 'application/json' }),
  }
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { ...target, path, method: body === undefined ? 'GET' : 'POST', headers, agent: false, timeout: 60_000 },
      (incoming) => {
        let text = ''
        incoming.setEncoding('utf8')
        incoming.on('data', (chunk: string) => (text += chunk))
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: text }))
        incoming.on('error', reject)
      },
    )
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${path}: no answer`)))
    outgoing.on('error', reject)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

async function untilHealthy(call: SandboxContainer['call'], logs: () => Promise<string>): Promise<void> {
  const deadline = performance.now() + healthLimitMs
  while (performance.now() < deadline) {
    const answer = await call('/fastapi/healthz').catch(() => undefined)
    if (answer?.status === 200) return
    await delay(pollMs)
  }
  throw new Error(`not healthy after ${healthLimitMs} ms: ${await logs()}`)
}

function contentOf({ status, body }: Answer): Record<string, string> {
  if (status !== 200) throw new Error(`${status} ${body}`)
  const { content } = JSON.parse(body) as { content: ContentItem[] }
  return Object.fromEntries(content.map(({ description, text }) => [description, text]))
}

async function stopContainer(id: string): Promise<{ tookMs: number; exitCode: number }> {
  const startedAt = performance.now()
  await docker(['stop', '--time', '10', id])
  const tookMs = performance.now() - startedAt
  return { tookMs, exitCode: Number(await docker(['inspect', '--format', '{{.State.ExitCode}}', id])) }
}
