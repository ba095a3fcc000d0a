import { SandboxError } from '@runtime-sandbox/core'
import type { Endpoint, TlsMaterial } from './endpoint.ts'

/** Where Docker listens when nobody says otherwise. */
export const defaultSocketPath = '/var/run/docker.sock'
const defaultPorts = { tcp: 2375, tls: 2376, ssh: 22 }

/**
 * Reads an address as the Docker CLI takes it: `unix:///path`, `tcp://host:port`, `http(s)://host:port`, `ssh://user@host`.
 *
 * @param tls what to speak TLS with; undefined = no TLS, unless the address is `https://`
 * @throws SandboxError `invalid_argument`
 */
export function parseDockerHost(address: string, tls: TlsMaterial | undefined): Endpoint {
  const [scheme, rest] = splitScheme(address)
  if (scheme === 'unix') return { kind: 'unix', socketPath: socketPathOf(rest) }
  // Read as a scheme without a default port: for http the URL class would drop port 80.
  const url = URL.canParse(`tcp://${rest}`) ? new URL(`tcp://${rest}`) : undefined
  if (!url?.hostname || !['tcp', 'http', 'https', 'ssh'].includes(scheme)) throw refusal('is none')
  if (url.password) throw refusal('has a password in it; use keys')
  if (url.username && scheme !== 'ssh') throw refusal('has a user in it')
  if (!['', '/'].includes(url.pathname) || url.search || url.hash) throw refusal('has a path in it')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = (fallback: number) => (url.port === '' ? fallback : Number(url.port))
  if (scheme === 'ssh') return { kind: 'ssh', host, port: port(defaultPorts.ssh), username: url.username || undefined }
  const material = tls ?? (scheme === 'https' ? {} : undefined)
  return { kind: 'tcp', host, port: port(material ? defaultPorts.tls : defaultPorts.tcp), tls: material }
}

function splitScheme(address: string): [scheme: string, rest: string] {
  const at = address.indexOf('://')
  return at < 0 ? ['tcp', address] : [address.slice(0, at), address.slice(at + '://'.length)]
}

function socketPathOf(path: string): string {
  if (path === '') return defaultSocketPath
  if (!path.startsWith('/')) throw refusal('does not have an absolute path')
  return path
}

/** The address itself is not told: there may be a password in it. */
function refusal(what: string): SandboxError {
  return new SandboxError(
    'invalid_argument',
    `the address of the Docker engine ${what}: write unix:///path, tcp://host:port, https://host:port or ssh://user@host`,
  )
}
