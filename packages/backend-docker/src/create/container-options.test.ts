import { securityProfile, type ContainerSpec, type SecurityLevel } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { containerSpec } from '../container-spec.fixture.ts'
import { containerOptions, type Reach } from './container-options.ts'
import { parseRuntimeConfig } from './runtime-config.ts'

const port: Reach = { kind: 'port', hostPort: 43_000, bindHost: '127.0.0.1', network: undefined }
const socket: Reach = { kind: 'socket', directory: '/srv/sockets/box' }
const scratch = 'rw,exec,nosuid,nodev,mode=1777'

type Given = { level?: SecurityLevel; config?: Record<string, unknown>; reach?: Reach } & Partial<ContainerSpec>

function optionsOf({ level = 'medium', config = {}, reach = port, ...overrides }: Given = {}) {
  const spec = containerSpec({
    name: 'box',
    image: 'image:1',
    labels: { colour: 'red' },
    environment: { SECRET_TOKEN: 's', EMPTY: '' },
    security: securityProfile(level),
    ...overrides,
  })
  const plan = { spec, config: parseRuntimeConfig(config, level), limits: { PidsLimit: 7 }, runtime: undefined }
  return containerOptions(plan, reach)
}

const everyLevel = {
  Mounts: [],
  PidsLimit: 7,
  Privileged: false,
  RestartPolicy: { Name: 'no' },
  LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } },
}

describe('levels', () => {
  it('low: as the engine does, behind one port', () => {
    expect(optionsOf({ level: 'low' })).toEqual({
      name: 'box',
      Image: 'image:1',
      Env: ['SECRET_TOKEN=s', 'EMPTY='],
      Labels: { colour: 'red' },
      ExposedPorts: { '80/tcp': {} },
      HostConfig: {
        ...everyLevel,
        SecurityOpt: [],
        CapDrop: [],
        CapAdd: [],
        ReadonlyRootfs: false,
        PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '43000' }] },
      },
    })
  })

  it('medium: no new privileges, few capabilities', () => {
    const { HostConfig, ...rest } = optionsOf()
    expect(rest).not.toHaveProperty('User')
    expect(HostConfig).toEqual({
      ...everyLevel,
      SecurityOpt: ['no-new-privileges:true'],
      CapDrop: ['ALL'],
      CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'NET_BIND_SERVICE'],
      ReadonlyRootfs: false,
      PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '43000' }] },
    })
  })

  it('high: not root, no capability, a root that cannot be written, no network', () => {
    const { HostConfig, User, Env } = optionsOf({ level: 'high', reach: socket })
    expect(User).toBe('1000:1000')
    expect(Env).toContain('RUNTIME_SOCKET=/run/runtime-sandbox/runtime.sock')
    expect(HostConfig).toEqual({
      ...everyLevel,
      SecurityOpt: ['no-new-privileges:true'],
      CapDrop: ['ALL'],
      CapAdd: [],
      ReadonlyRootfs: true,
      Tmpfs: { '/tmp': scratch, '/var/tmp': scratch, '/run': scratch, '/home/sandbox': scratch },
      NetworkMode: 'none',
      Mounts: [
        { Type: 'volume', Source: '', Target: '/workspace' },
        { Type: 'bind', Source: '/srv/sockets/box', Target: '/run/runtime-sandbox' },
      ],
    })
  })
})

describe('options of the type', () => {
  it('a user without a group does not get the group of root', () => {
    expect(optionsOf({ level: 'high', config: { user: 5 } }).User).toBe('5:5')
    expect(optionsOf({ level: 'high', config: { user: '5:6' } }).User).toBe('5:6')
    expect(optionsOf({ level: 'medium', config: { user: '5' } }).User).toBe('5')
  })

  it('a capability that the type drops is not added by the level', () => {
    expect(optionsOf({ config: { cap_drop: ['CAP_KILL', 'chown'] } }).HostConfig).toMatchObject({
      CapDrop: ['ALL'],
      CapAdd: ['DAC_OVERRIDE', 'FOWNER', 'FSETID', 'SETGID', 'SETUID', 'NET_BIND_SERVICE'],
    })
    expect(optionsOf({ config: { cap_drop: ['ALL'] } }).HostConfig).toMatchObject({ CapDrop: ['ALL'], CapAdd: [] })
    expect(optionsOf({ level: 'low', config: { cap_drop: ['ALL'], cap_add: ['KILL'] } }).HostConfig).toMatchObject({
      CapDrop: ['ALL'],
      CapAdd: ['KILL'],
    })
  })

  it('a read-only root has a workspace that can be written, at any level', () => {
    expect(optionsOf({ config: { read_only: true } }).HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      Tmpfs: { '/tmp': scratch },
      Mounts: [{ Type: 'volume', Target: '/workspace' }],
    })
  })

  it('are passed on', () => {
    const config = {
      command: ['serve', '--fast'],
      entrypoint: '/init',
      hostname: 'box-1',
      working_dir: '/srv',
      init: true,
      dns: ['10.0.0.1'],
      extra_hosts: { db: '10.0.0.2' },
      tmpfs: { '/scratch': 'size=1m' },
      ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
      cpuset_cpus: '0',
      cpu_shares: 2,
    }
    expect(optionsOf({ config })).toMatchObject({
      Cmd: ['serve', '--fast'],
      Entrypoint: ['/init'],
      Hostname: 'box-1',
      WorkingDir: '/srv',
      HostConfig: {
        Init: true,
        Dns: ['10.0.0.1'],
        ExtraHosts: ['db:10.0.0.2'],
        Tmpfs: { '/scratch': 'size=1m' },
        Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }],
        CpusetCpus: '0',
        CpuShares: 2,
      },
    })
  })

  it('of level low are passed on there', () => {
    const config = {
      privileged: true,
      devices: ['/dev/kvm:/dev/kvm', '/dev/null:/dev/x:r'],
      security_opt: ['seccomp=unconfined'],
      group_add: ['7'],
      sysctls: { a: '1' },
      ipc_mode: 'private',
      pid_mode: 'host',
    }
    expect(optionsOf({ level: 'low', config }).HostConfig).toMatchObject({
      Privileged: true,
      Devices: [
        { PathOnHost: '/dev/kvm', PathInContainer: '/dev/kvm', CgroupPermissions: 'rwm' },
        { PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'r' },
      ],
      SecurityOpt: ['seccomp=unconfined'],
      GroupAdd: ['7'],
      Sysctls: { a: '1' },
      IpcMode: 'private',
      PidMode: 'host',
    })
  })
})

it('mounts what is asked for, and then brings no workspace of its own', () => {
  const mounts = [
    { source: '/srv/a', target: '/workspace', readOnly: false },
    { source: '/srv/b', target: '/data', readOnly: true },
  ]
  expect(optionsOf({ level: 'high', mounts }).HostConfig.Mounts).toEqual([
    { Type: 'bind', Source: '/srv/a', Target: '/workspace', ReadOnly: false },
    { Type: 'bind', Source: '/srv/b', Target: '/data', ReadOnly: true },
  ])
})

it('publishes on the address and the network that it is told', () => {
  const reach: Reach = { kind: 'port', hostPort: 5, bindHost: '10.0.0.1', network: 'mine' }
  expect(optionsOf({ reach, port: 8080 })).toMatchObject({
    ExposedPorts: { '8080/tcp': {} },
    HostConfig: { PortBindings: { '8080/tcp': [{ HostIp: '10.0.0.1', HostPort: '5' }] }, NetworkMode: 'mine' },
  })
})
