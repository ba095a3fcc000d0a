import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

/** One thing of the host at a place in the sandbox, read-only. */
export type ViewEntry =
  | { kind: 'bind'; source: string; target: string }
  | { kind: 'symlink'; to: string; target: string }

const systemRoots = ['/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']

/** What programs need of /etc to run. Nothing here is a secret or tells of this machine's users. */
const etcPaths = [
  '/etc/ld.so.cache',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/alternatives',
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
  '/etc/ca-certificates',
  '/etc/pki/tls/certs',
  '/etc/pki/ca-trust/extracted',
  '/etc/localtime',
  '/etc/mime.types',
  '/etc/protocols',
  '/etc/services',
  '/etc/fonts',
  '/etc/perl',
]
const networkPaths = ['/etc/resolv.conf', '/etc/hosts']

/** The host's programs and libraries as a sandbox sees them. */
export function systemView({ network }: { network: boolean }): ViewEntry[] {
  const entries: ViewEntry[] = [{ kind: 'bind', source: '/usr', target: '/usr' }]
  for (const root of systemRoots) {
    if (!existsSync(root)) continue
    entries.push(
      lstatSync(root).isSymbolicLink()
        ? { kind: 'symlink', to: readlinkSync(root), target: root }
        : { kind: 'bind', source: root, target: root },
    )
  }
  const interpreterSettings = readdirSync('/etc')
    .filter((name) => /^python\d/.test(name))
    .map((name) => join('/etc', name))
  for (const path of [...etcPaths, ...interpreterSettings, ...(network ? networkPaths : [])]) {
    // A link is followed here: where it leads to need not be in the sandbox.
    if (existsSync(path)) entries.push({ kind: 'bind', source: realpathSync(path), target: path })
  }
  return entries
}

const kernelFiles = [
  'kcore',
  'keys',
  'key-users',
  'kallsyms',
  'latency_stats',
  'timer_list',
  'sched_debug',
  'sysrq-trigger',
]

/** Files of /proc that tell of the whole machine or act on it, as far as this kernel has them. */
export function maskedPaths(): string[] {
  return kernelFiles.map((name) => join('/proc', name)).filter((path) => existsSync(path))
}
