import type Docker from 'dockerode'
import { SandboxError, type ContainerSpec } from '@runtime-sandbox/core'
import type { EngineFeatures } from './engine-features.ts'
import { sandboxedRuntimeOf } from './engine-features.ts'
import { dockerLimits } from './limits.ts'
import type { DockerRuntimeConfig } from './runtime-config.ts'

/** User and group of sandboxes that must not be root. */
const nonRootUser = '1000:1000'
/** Where a sandbox with a read-only root may write besides its workspace. Programs may be run there. */
const scratch = { '/tmp': '', '/var/tmp': '', '/run': '', '/home/sandbox': '' }
const scratchOptions = 'rw,exec,nosuid,nodev,mode=1777'
const workspace = '/workspace'
/** Where a sandbox that is reached over a socket has the folder of that socket. */
export const socketTarget = '/run/runtime-sandbox'
export const socketName = 'runtime.sock'

/** What a sandbox may print to the engine's log until the oldest goes. */
const logOptions = { 'max-size': '10m', 'max-file': '2' }

/** How the server will reach the container. */
export type Reach =
  | { kind: 'port'; hostPort: number; bindHost: string; network: string | undefined }
  | { kind: 'socket'; directory: string }

/** The engine's runtime for a sandbox; undefined = its default. @throws SandboxError `not_supported` when it does not have it */
export function chooseRuntime(
  spec: ContainerSpec,
  config: DockerRuntimeConfig,
  { features, runtime }: { features: EngineFeatures; runtime: string | undefined },
): string | undefined {
  const chosen =
    runtime ?? config.runtime ?? (spec.security.sandboxedRuntime ? sandboxedRuntimeOf(features) : undefined)
  if (chosen !== undefined && !features.runtimes.has(chosen)) {
    throw new SandboxError('not_supported', `this Docker engine has no runtime named ${chosen}`)
  }
  return chosen
}

/** The request that makes a container of `spec`. Everything in it has been checked. */
export function containerOptions(
  spec: ContainerSpec,
  config: DockerRuntimeConfig,
  { features, runtime, reach }: { features: EngineFeatures; runtime: string | undefined; reach: Reach },
): Docker.ContainerCreateOptions {
  const port = `${spec.port}/tcp`
  const environment = {
    ...spec.environment,
    ...(reach.kind === 'socket' && { RUNTIME_SOCKET: `${socketTarget}/${socketName}` }),
  }
  const { security } = spec
  return {
    name: spec.name,
    Image: spec.image,
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    Labels: { ...spec.labels },
    ExposedPorts: { [port]: {} },
    ...(config.hostname && { Hostname: config.hostname }),
    ...(config.working_dir && { WorkingDir: config.working_dir }),
    ...(config.command && { Cmd: [config.command].flat() }),
    ...(config.entrypoint && { Entrypoint: [config.entrypoint].flat() }),
    ...(config.user ? { User: config.user } : security.nonRoot && { User: nonRootUser }),
    HostConfig: {
      ...dockerLimits(spec, config, features),
      ...confinement(spec, config),
      ...reachOptions(reach, port),
      Mounts: mountsOf(spec, reach),
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: logOptions },
      ...(runtime && { Runtime: runtime }),
      ...(config.init !== undefined && { Init: config.init }),
      ...(config.dns && { Dns: config.dns }),
      ...(config.extra_hosts && {
        ExtraHosts: Object.entries(config.extra_hosts).map(([host, address]) => `${host}:${address}`),
      }),
      ...(config.ulimits && { Ulimits: config.ulimits }),
      ...(config.cpuset_cpus && { CpusetCpus: config.cpuset_cpus }),
      ...(config.cpu_shares && { CpuShares: config.cpu_shares }),
    },
  }
}

function confinement({ security }: ContainerSpec, config: DockerRuntimeConfig): Docker.HostConfig {
  const { capabilities, noNewPrivileges } = security
  const readOnly = security.readOnlyRoot || config.read_only === true
  const tmpfs = {
    ...(readOnly && Object.fromEntries(Object.keys(scratch).map((path) => [path, scratchOptions]))),
    ...config.tmpfs,
  }
  return {
    Privileged: config.privileged ?? false,
    SecurityOpt: [...(noNewPrivileges ? ['no-new-privileges:true'] : []), ...(config.security_opt ?? [])],
    CapDrop: [...(capabilities === null ? [] : ['ALL']), ...(config.cap_drop ?? [])],
    CapAdd: [...(capabilities ?? []), ...(config.cap_add ?? [])].filter((name) => !config.cap_drop?.includes(name)),
    ReadonlyRootfs: readOnly,
    ...(Object.keys(tmpfs).length > 0 && { Tmpfs: tmpfs }),
    ...(config.group_add && { GroupAdd: config.group_add }),
    ...(config.sysctls && { Sysctls: config.sysctls }),
    ...(config.ipc_mode && { IpcMode: config.ipc_mode }),
    ...(config.pid_mode && { PidMode: config.pid_mode }),
    ...(config.devices && { Devices: config.devices.map(deviceOf) }),
  }
}

function deviceOf(text: string) {
  const [source, target, permissions = 'rwm'] = text.split(':')
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: permissions }
}

function reachOptions(reach: Reach, port: string): Docker.HostConfig {
  if (reach.kind === 'socket') return { NetworkMode: 'none' }
  const { bindHost, hostPort, network } = reach
  return {
    PortBindings: { [port]: [{ HostIp: bindHost, HostPort: String(hostPort) }] },
    ...(network && { NetworkMode: network }),
  }
}

function mountsOf(spec: ContainerSpec, reach: Reach): Docker.MountConfig {
  const mounts: Docker.MountConfig = spec.mounts.map(({ source, target, readOnly }) => ({
    Type: 'bind',
    Source: source,
    Target: target,
    ReadOnly: readOnly,
  }))
  // Without a directory of the host, the workspace of a read-only root is a volume that goes with the container.
  const ownsWorkspace = spec.mounts.some(({ target }) => target === workspace)
  if (spec.security.readOnlyRoot && !ownsWorkspace) mounts.push({ Type: 'volume', Source: '', Target: workspace })
  if (reach.kind === 'socket') mounts.push({ Type: 'bind', Source: reach.directory, Target: socketTarget })
  return mounts
}
