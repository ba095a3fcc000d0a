import { z } from 'zod'

export const securityLevelSchema = z.enum(['low', 'medium', 'high'])

/** How strictly a sandbox is confined. */
export type SecurityLevel = z.infer<typeof securityLevelSchema>

/** What a level means. An engine enforces every field or refuses to create the sandbox (`not_supported`). */
export type SecurityProfile = {
  level: SecurityLevel
  /** No gain of privileges through setuid programs. */
  noNewPrivileges: boolean
  /** Capabilities that stay; null = the engine's default set. Names without the CAP_ prefix. */
  capabilities: readonly string[] | null
  /** User commands run without uid 0. */
  nonRoot: boolean
  /** The root file system is read-only; /tmp and the workspace stay writable. */
  readOnlyRoot: boolean
  /** `none`: reaches no network at all. `required`: the type asked for one. `default`: as the engine does when nobody asks. */
  network: 'none' | 'default' | 'required'
  /** Use the engine's sandboxed runtime (runsc, Kata) where it is installed. */
  sandboxedRuntime: boolean
}

/** What a shell, a package manager and a server in a sandbox need; nothing that reaches the host. */
export const shellCapabilities = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'NET_BIND_SERVICE',
] as const

export type SecurityProfileOptions = {
  /** Ask for, or refuse, network access; unset: none at level `high`, else the engine's default. */
  network?: boolean | undefined
}

/** The profile of `level`. */
export function securityProfile(level: SecurityLevel, { network }: SecurityProfileOptions = {}): SecurityProfile {
  const confined = level !== 'low'
  const strict = level === 'high'
  return {
    level,
    noNewPrivileges: confined,
    capabilities: strict ? [] : confined ? shellCapabilities : null,
    nonRoot: strict,
    readOnlyRoot: strict,
    network: network === undefined ? (strict ? 'none' : 'default') : network ? 'required' : 'none',
    sandboxedRuntime: strict,
  }
}
