import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  SandboxError,
  labels as labelNames,
  type Container,
  type ContainerBackend,
  type ContainerInfo,
  type ContainerSpec,
  type ErrorCode,
  type WaitOptions,
} from '@runtime-sandbox/core'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { awaitRuntime } from './await-runtime.ts'
import { runShell, type ShellOutcome } from './shell-in-sandbox.ts'
import type { BackendSuiteOptions, OpenBackend } from './suite-options.ts'

/** A sandbox of a test. */
export type SuiteSandbox = { spec: ContainerSpec; container: Container }

/** An open engine for the tests of one topic; what a test made is removed after it. */
export class SuiteBench<Backend extends ContainerBackend> {
  readonly options: BackendSuiteOptions<Backend>
  readonly #names = new Set<string>()
  readonly #directories: string[] = []
  #open: OpenBackend<Backend> | undefined
  /** On every sandbox of the current test, and on no other. */
  labels: Record<string, string> = {}

  constructor(options: BackendSuiteOptions<Backend>) {
    this.options = options
    beforeAll(async () => {
      this.#open = await options.open()
    })
    afterEach(() => this.#cleanUp())
    afterAll(() => this.#open?.dispose())
    this.#nextLabels()
  }

  get backend(): Backend {
    if (!this.#open) throw new Error('the engine is not open yet')
    return this.#open.backend
  }

  /** A spec with a name of its own and the labels of the test. */
  spec(overrides: Partial<ContainerSpec> = {}): ContainerSpec {
    const base = this.options.spec(overrides)
    const name = overrides.name ?? `conformance-${randomBytes(6).toString('hex')}`
    this.#names.add(name)
    return { ...base, name, labels: { ...base.labels, ...overrides.labels, ...this.labels, [labelNames.name]: name } }
  }

  async create(overrides: Partial<ContainerSpec> = {}, options?: WaitOptions): Promise<SuiteSandbox> {
    const spec = this.spec(overrides)
    return { spec, container: await this.backend.create(spec, options) }
  }

  /** A sandbox whose runtime has answered. */
  async createHealthy(overrides: Partial<ContainerSpec> = {}): Promise<SuiteSandbox> {
    const sandbox = await this.create(overrides)
    await awaitRuntime(sandbox.container, { token: tokenOf(sandbox.spec) })
    return sandbox
  }

  shell({ spec, container }: SuiteSandbox, command: string): Promise<ShellOutcome> {
    return runShell(container, command, { token: tokenOf(spec) })
  }

  /** What the engine lists of the current test. */
  async listed(): Promise<ContainerInfo[]> {
    return collect(this.backend.list(this.labels))
  }

  /** A new empty directory of this machine that any sandbox may use; deleted after the test. */
  async directory(): Promise<string> {
    const parent = await mkdtemp(join(tmpdir(), 'conformance-'))
    this.#directories.push(parent)
    const directory = join(parent, 'workspace')
    await mkdir(directory)
    await chmod(directory, 0o777)
    return directory
  }

  /** The call fails with that code, and of the test's sandboxes nothing is there. */
  async expectRefused(attempt: Promise<unknown>, code: ErrorCode): Promise<void> {
    await expectCode(attempt, code)
    await this.expectNothingLeft()
  }

  async expectNothingLeft(): Promise<void> {
    expect((await this.listed()).map(({ name, status }) => ({ name, status }))).toEqual([])
    for (const name of this.#names) expect(await this.backend.inspect(name)).toBeUndefined()
    expect((await this.#open?.residue?.()) ?? []).toEqual([])
  }

  async #cleanUp(): Promise<void> {
    const left = await this.listed()
    await Promise.all(left.map(({ id }) => this.backend.remove(id)))
    await Promise.all(this.#directories.splice(0).map((path) => rm(path, { recursive: true, force: true })))
    this.#names.clear()
    this.#nextLabels()
  }

  #nextLabels(): void {
    this.labels = { [labelNames.deployment]: `conformance-${randomBytes(6).toString('hex')}-` }
  }
}

/** The SECRET_TOKEN of a spec. */
export function tokenOf(spec: ContainerSpec): string {
  const token = spec.environment['SECRET_TOKEN']
  if (!token) throw new Error('the spec has no SECRET_TOKEN')
  return token
}

/** The promise rejects with a SandboxError of that code. */
export async function expectCode(attempt: Promise<unknown>, code: ErrorCode): Promise<void> {
  const outcome = await attempt.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if (!('error' in outcome)) throw new Error(`expected ${code}, but the call succeeded`)
  expect(outcome.error, 'a SandboxError').toSatisfy((error) => SandboxError.is(error))
  expect((outcome.error as SandboxError).code, (outcome.error as Error).message).toBe(code)
}

/** All that an iterable yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
