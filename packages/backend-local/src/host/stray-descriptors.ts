import { readFileSync, readdirSync } from 'node:fs'

const closeOnExec = 0o2_000_000

/**
 * Descriptors above `last` that this process was itself given and that a program it starts would inherit: of a shell, a service
 * manager, a socket activation. Node marks all that it opens.
 */
export function strayDescriptors(last: number): number[] {
  return readdirSync('/proc/self/fdinfo')
    .map(Number)
    .filter((descriptor) => descriptor > last && isInherited(descriptor))
}

function isInherited(descriptor: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0
  } catch {
    // It was open only for the look.
    return false
  }
}
