import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import {
  labels as labelNames,
  silentLogger,
  systemClock,
  type Container,
  type ContainerBackend,
  type ContainerInfo,
  type ContainerSpec,
  type StateStore,
  type WaitOptions,
} from '@runtime-sandbox/core'
import { createMemoryState } from '@runtime-sandbox/state-memory'
import { awaitRuntime, runShell, type ShellOutcome } from '@runtime-sandbox/testkit'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { containerSpec } from './container-spec.fixture.ts'
import { createDockerBackend } from './create-docker-backend.ts'
import type { DockerBackendOptions } from './docker-options.ts'

const execute = promisify(execFile)

/** A sandbox of a test. */
export type BenchSandbox = { spec: ContainerSpec; container: Container }

/** A backend and the store that knows its ports. */
export type BenchServer = { backend: ContainerBackend; state: StateStore }

/** The standard output of a call of the Docker CLI. */
export async function docker(...words: string[]): Promise<string> {
  return (await execute('docker', words)).stdout.trim()
}

/** Backends on the real engine for the tests of one file; what a test made is removed after it, whoever made it. */
export class DockerBench {
  readonly portRange: readonly [from: number, to: number]
  /** On every sandbox of this file, and on no other. */
  readonly labels = { [labelNames.deployment]: `docker-test-${randomBytes(6).toString('hex')}-` }
  readonly #servers: BenchServer[] = []
  socketDirectory = ''

  /** @param portRange below the ports that the kernel gives to connections: one of those would be in use now and then */
  constructor(portRange: readonly [from: number, to: number]) {
    this.portRange = portRange
    beforeAll(async () => {
      this.socketDirectory = await mkdtemp(path.join(os.tmpdir(), 'docker-bench-'))
    })
    afterEach(() => this.#cleanUp())
    afterAll(() => rm(this.socketDirectory, { recursive: true, force: true }))
  }

  /** A server with a store of its own, as after a restart. */
  async open(overrides: Partial<DockerBackendOptions> = {}): Promise<BenchServer> {
    const { portRange, socketDirectory } = this
    const state = createMemoryState({ clock: systemClock })
    const backend = await createDockerBackend(
      { endpoint: process.env, portRange, bindHost: '127.0.0.1', socketDirectory, pull: 'missing', ...overrides },
      { logger: silentLogger, clock: systemClock, ports: state, deployment: this.labels[labelNames.deployment] },
    )
    const server = { backend, state }
    this.#servers.push(server)
    return server
  }

  spec(overrides: Partial<ContainerSpec> = {}): ContainerSpec {
    return containerSpec({ ...overrides, labels: { ...overrides.labels, ...this.labels } })
  }

  async create(
    { backend }: BenchServer,
    overrides: Partial<ContainerSpec> = {},
    options?: WaitOptions,
  ): Promise<BenchSandbox> {
    const spec = this.spec(overrides)
    return { spec, container: await backend.create(spec, options) }
  }

  /** A sandbox whose runtime has answered. */
  async createHealthy(server: BenchServer, overrides: Partial<ContainerSpec> = {}): Promise<BenchSandbox> {
    const sandbox = await this.create(server, overrides)
    await this.awaitHealthy(sandbox)
    return sandbox
  }

  awaitHealthy({ spec, container }: BenchSandbox): Promise<void> {
    return awaitRuntime(container, { token: tokenOf(spec) })
  }

  shell({ spec, container }: BenchSandbox, command: string): Promise<ShellOutcome> {
    return runShell(container, command, { token: tokenOf(spec) })
  }

  async list({ backend }: BenchServer): Promise<ContainerInfo[]> {
    const all: ContainerInfo[] = []
    for await (const info of backend.list(this.labels)) all.push(info)
    return all
  }

  /** What the engine has, whatever a backend says. */
  async containers(): Promise<string[]> {
    const [label, value] = Object.entries(this.labels)[0]!
    const lines = await docker('ps', '-aq', '--no-trunc', '--filter', `label=${label}=${value}`)
    return lines.split('\n').filter((line) => line !== '')
  }

  /** Ports of the range that the server's store has leased. */
  async leasedPorts({ state }: BenchServer): Promise<number[]> {
    const free = new Set<number>()
    for (;;) {
      const port = await state.leasePort(this.portRange, 'probe', free)
      if (port === undefined) break
      free.add(port)
    }
    await state.freePorts('probe')
    const [from, to] = this.portRange
    return Array.from({ length: to - from }, (_, index) => from + index).filter((port) => !free.has(port))
  }

  /** All that the sandboxes of this file hold on the machine and in the server's store. */
  async residue(server: BenchServer): Promise<{ containers: string[]; ports: number[]; files: string[] }> {
    return {
      containers: await this.containers(),
      ports: await this.leasedPorts(server),
      files: await readdir(this.socketDirectory),
    }
  }

  async #cleanUp(): Promise<void> {
    const left = await this.containers()
    if (left.length > 0) await docker('rm', '--force', '--volumes', ...left)
    await Promise.all(this.#servers.splice(0).map(({ backend }) => backend.close()))
    for (const entry of await readdir(this.socketDirectory))
      await rm(path.join(this.socketDirectory, entry), { recursive: true, force: true })
  }
}

/** What a server holds when it has no sandbox. */
export const nothing = { containers: [], ports: [], files: [] }

/** The SECRET_TOKEN of a spec. */
export function tokenOf(spec: ContainerSpec): string {
  return spec.environment['SECRET_TOKEN'] ?? ''
}
