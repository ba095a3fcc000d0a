import { SandboxError } from '@runtime-sandbox/core'
import type { Endpoint, TlsMaterial } from './endpoint.ts'

const defaultPorts = { tcp: 2375, tls: 2376, ssh: 22 }

/**
 * Reads an address as the Docker CLI takes it: `unix:///path`, `tcp://host:port`, `http(s)://host:port`, `ssh://user@host`.
 *
 * @throws SandboxError `invalid_argument`
 */
export function parseDockerHost(address: string, tls: TlsMaterial | undefined): Endpoint {
  if (address.startsWith('unix://')) return { kind: 'unix', socketPath: address.slice('unix://'.length) }
  const text = address.includes('://') ? address : `tcp://${address}`
  // The URL class knows default ports for http alone, which is what makes port 80 vanish otherwise.
  const scheme = text.slice(0, text.indexOf('://'))
  const url = URL.canParse(text.replace(/^\w+/, 'tcp')) ? new URL(text.replace(/^\w+/, 'tcp')) : undefined
  if (!url?.hostname || !['tcp', 'http', 'https', 'ssh'].includes(scheme)) {
    throw new SandboxError('invalid_argument', `not an address of a Docker engine: ${address}`)
  }
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = (fallback: number) => (url.port === '' ? fallback : Number(url.port))
  if (scheme === 'ssh') return { kind: 'ssh', host, port: port(defaultPorts.ssh), username: url.username || undefined }
  const material = tls ?? (scheme === 'https' ? {} : undefined)
  return { kind: 'tcp', host, port: port(material ? defaultPorts.tls : defaultPorts.tcp), tls: material }
}
