/** The kernel's and the engines' own: never in a sandbox, not even read-only. */
const neverMounted = [
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/var/run',
  '/boot',
  '/var/lib/docker',
  '/var/lib/containerd',
  '/var/lib/containers',
  '/var/lib/kubelet',
]
/** The system's own: not writable from a sandbox. */
const neverWritable = ['/etc', '/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/var/spool', '/var/log']
/** Where everybody's files begin; what lies below may be mounted. */
const neverWritableItself = /^\/(home(\/[^/]+)?|root|tmp|var|var\/(lib|tmp)|opt|mnt|media|srv)$/

/** Whether `path` is `directory` or lies in it. Both absolute and normalised. */
export function liesIn(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith('/') ? directory : `${directory}/`)
}

/**
 * Whether a host path belongs to the system, so that no sandbox may have it: `/`, the kernel's file systems and the engines' own
 * directories always, the system's directories where they could be written.
 *
 * @param real absolute, links resolved
 */
export function isSystemPath(real: string, { readOnly }: { readOnly: boolean }): boolean {
  if (real === '/' || neverMounted.some((other) => liesIn(real, other) || liesIn(other, real))) return true
  return !readOnly && (neverWritable.some((other) => liesIn(real, other)) || neverWritableItself.test(real))
}
