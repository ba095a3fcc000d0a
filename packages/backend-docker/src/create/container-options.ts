import type Docker from 'dockerode'
import type { ContainerSpec } from '@runtime-sandbox/core'
import { confinement, isReadOnly, userOf } from './confinement.ts'
import type { ContainerPlan } from './container-plan.ts'

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

/** The request that makes the container of a plan. */
export function containerOptions(plan: Omit<ContainerPlan, 'way' | 'imageId'>, reach: Reach) {
  const { spec, config } = plan
  const port = `${spec.port}/tcp`
  const user = userOf(spec, config)
  return {
    name: spec.name,
    Image: spec.image,
    Env: environmentOf(spec, reach),
    Labels: { ...spec.labels },
    ExposedPorts: { [port]: {} },
    ...(config.hostname && { Hostname: config.hostname }),
    ...(config.working_dir && { WorkingDir: config.working_dir }),
    ...(config.command && { Cmd: config.command }),
    ...(config.entrypoint && { Entrypoint: config.entrypoint }),
    ...(user && { User: user }),
    HostConfig: hostConfig(plan, reach),
  } satisfies Docker.ContainerCreateOptions
}

function environmentOf(spec: ContainerSpec, reach: Reach): string[] {
  const socket = reach.kind === 'socket' ? { RUNTIME_SOCKET: `${socketTarget}/${socketName}` } : {}
  return Object.entries({ ...spec.environment, ...socket }).map(([name, value]) => `${name}=${value}`)
}

function hostConfig({ spec, config, limits, runtime }: Omit<ContainerPlan, 'way' | 'imageId'>, reach: Reach) {
  return {
    ...limits,
    ...confinement(spec, config),
    ...reachOptions(reach, `${spec.port}/tcp`),
    Mounts: mountsOf(spec, reach, isReadOnly(spec, config)),
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
  } satisfies Docker.HostConfig
}

function reachOptions(reach: Reach, port: string): Docker.HostConfig {
  if (reach.kind === 'socket') return { NetworkMode: 'none' }
  const { bindHost, hostPort, network } = reach
  return {
    PortBindings: { [port]: [{ HostIp: bindHost, HostPort: String(hostPort) }] },
    ...(network && { NetworkMode: network }),
  }
}

function mountsOf(spec: ContainerSpec, reach: Reach, readOnlyRoot: boolean): Docker.MountConfig {
  const mounts: Docker.MountConfig = spec.mounts.map(({ source, target, readOnly }) => ({
    Type: 'bind',
    Source: source,
    Target: target,
    ReadOnly: readOnly,
  }))
  // Without a directory of the host, the workspace of a read-only root is a volume that goes with the container.
  const hasWorkspace = spec.mounts.some(({ target }) => target === workspace)
  if (readOnlyRoot && !hasWorkspace) mounts.push({ Type: 'volume', Source: '', Target: workspace })
  if (reach.kind === 'socket') mounts.push({ Type: 'bind', Source: reach.directory, Target: socketTarget })
  return mounts
}
