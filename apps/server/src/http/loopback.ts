import { lookup } from 'node:dns/promises'

/** Whether a host name or address always means this machine: `localhost`, `*.localhost`, 127.0.0.0/8, `::1`. */
export function isLoopbackName(name: string): boolean {
  const lower = name.toLowerCase()
  return lower === 'localhost' || lower.endsWith('.localhost') || isLoopbackAddress(lower)
}

/** Whether listening on `host` reaches this machine only. @throws the resolver's error when the name is unknown */
export async function isLoopbackHost(host: string): Promise<boolean> {
  const addresses = await lookup(host, { all: true })
  return addresses.every(({ address }) => isLoopbackAddress(address))
}

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(address)
}
