import type Docker from 'dockerode'
import type { Container, ContainerInfo, ContainerStatus } from '@runtime-sandbox/core'
import { socketName, socketTarget } from './create/container-options.ts'

/** Docker's words, and Podman's. */
const statuses: Readonly<Record<string, ContainerStatus>> = {
  created: 'created',
  configured: 'created',
  initialized: 'created',
  running: 'running',
  restarting: 'running',
  stopping: 'running',
  paused: 'paused',
  removing: 'exited',
  exited: 'exited',
  stopped: 'exited',
  dead: 'exited',
}

/** What the engine says of a container, in our words. The endpoint is read off its port bindings and mounts. */
export function containerInfo(inspected: Docker.ContainerInspectInfo, advertisedHost: string): ContainerInfo {
  const { State, Config, Mounts, Name, Created } = inspected
  const mounts = (Mounts ?? []).filter(({ Type }) => Type === 'bind')
  return {
    ...endpointOf(inspected, advertisedHost),
    name: Name.replace(/^\//, ''),
    labels: Config.Labels ?? {},
    environment: Object.fromEntries((Config.Env ?? []).map(splitVariable)),
    status: statuses[State.Status] ?? 'unknown',
    createdAt: Date.parse(Created),
    mounts: mounts
      .filter(({ Destination }) => Destination !== socketTarget)
      .map(({ Source, Destination, RW }) => ({ source: Source, target: Destination, readOnly: !RW })),
  }
}

function endpointOf(inspected: Docker.ContainerInspectInfo, advertisedHost: string): Container {
  const { Id: id, Image: imageId, HostConfig, Mounts } = inspected
  const socket = (Mounts ?? []).find(({ Destination }) => Destination === socketTarget)
  if (socket) return { id, imageId, url: `unix:${socket.Source}/${socketName}`, ports: [] }
  const bindings = Object.values((HostConfig.PortBindings ?? {}) as Record<string, { HostPort?: string }[] | null>)
  const port = Number(bindings[0]?.[0]?.HostPort)
  if (!port) return { id, imageId, url: '', ports: [] }
  return { id, imageId, url: urlOf(advertisedHost, port), ports: [port] }
}

/** The url of what answers HTTP on a port. */
export function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function splitVariable(variable: string): [string, string] {
  const at = variable.indexOf('=')
  return at < 0 ? [variable, ''] : [variable.slice(0, at), variable.slice(at + 1)]
}
