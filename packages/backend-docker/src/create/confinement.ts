import type Docker from 'dockerode'
import type { ContainerSpec } from '@runtime-sandbox/core'
import type { DockerRuntimeConfig } from './runtime-config.ts'

/** User and group of sandboxes that must not be root. */
const nonRootUser = '1000:1000'
/** Where a sandbox with a read-only root may write besides its workspace. Programs may be run there. */
const scratch = ['/tmp', '/var/tmp', '/run', '/home/sandbox']
const scratchOptions = 'rw,exec,nosuid,nodev,mode=1777'

/** Whether the container's root file system cannot be written. */
export function isReadOnly({ security }: ContainerSpec, config: DockerRuntimeConfig): boolean {
  return security.readOnlyRoot || config.read_only === true
}

/** User that a container runs as; undefined = as its image says. */
export function userOf({ security }: ContainerSpec, { user }: DockerRuntimeConfig): string | undefined {
  if (!security.nonRoot) return user
  if (user === undefined) return nonRootUser
  // Without a group the engine would take root's.
  return user.includes(':') ? user : `${user}:${user}`
}

/** What a security profile means in the engine's words. */
export function confinement(spec: ContainerSpec, config: DockerRuntimeConfig): Docker.HostConfig {
  const { noNewPrivileges } = spec.security
  const readOnly = isReadOnly(spec, config)
  const tmpfs = { ...(readOnly && Object.fromEntries(scratch.map((path) => [path, scratchOptions]))), ...config.tmpfs }
  return {
    Privileged: config.privileged ?? false,
    SecurityOpt: [...(noNewPrivileges ? ['no-new-privileges:true'] : []), ...(config.security_opt ?? [])],
    ...capabilitiesOf(spec, config),
    ReadonlyRootfs: readOnly,
    ...(Object.keys(tmpfs).length > 0 && { Tmpfs: tmpfs }),
    ...(config.group_add && { GroupAdd: config.group_add }),
    ...(config.sysctls && { Sysctls: config.sysctls }),
    ...(config.ipc_mode && { IpcMode: config.ipc_mode }),
    ...(config.pid_mode && { PidMode: config.pid_mode }),
    ...(config.devices && { Devices: config.devices.map(deviceOf) }),
  }
}

/** Where everything is dropped the engine only looks at what is added; so what a type drops must not be added. */
function capabilitiesOf({ security }: ContainerSpec, config: DockerRuntimeConfig): Docker.HostConfig {
  const { cap_add: added = [], cap_drop: dropped = [] } = config
  if (security.capabilities === null) return { CapDrop: dropped, CapAdd: added }
  const kept = dropped.includes('ALL') ? [] : security.capabilities.filter((name) => !dropped.includes(name))
  return { CapDrop: ['ALL'], CapAdd: kept }
}

function deviceOf(text: string) {
  const [source, target, permissions = 'rwm'] = text.split(':')
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: permissions }
}
