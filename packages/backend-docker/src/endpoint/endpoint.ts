import { isIPv4 } from 'node:net'

/** TLS material of an endpoint, PEM. */
export type TlsMaterial = { ca?: string | undefined; cert?: string | undefined; key?: string | undefined }

/** Where an engine answers. */
export type Endpoint =
  | { kind: 'unix'; socketPath: string }
  | { kind: 'tcp'; host: string; port: number; tls: TlsMaterial | undefined }
  | { kind: 'ssh'; host: string; port: number; username: string | undefined }

/** An endpoint, and who named it; for the log and for errors. */
export type FoundEndpoint = { endpoint: Endpoint; source: string }

/** How people write it. */
export function showEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === 'unix') return `unix://${endpoint.socketPath}`
  const { kind, host, port } = endpoint
  return `${kind}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Whether the engine runs on this machine, as far as the address tells. */
export function isOnThisMachine(endpoint: Endpoint): boolean {
  if (endpoint.kind === 'unix') return true
  return endpoint.kind === 'tcp' && isLoopback(endpoint.host)
}

/** Whether `host` means the machine that uses it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}
