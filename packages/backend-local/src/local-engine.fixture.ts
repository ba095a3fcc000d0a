import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  securityProfile,
  silentLogger,
  systemClock,
  type BackendContext,
  type ContainerBackend,
  type ContainerInfo,
  type ContainerSpec,
  type Logger,
} from '@runtime-sandbox/core'
import { detectLocal } from './host/local-host.ts'
import { findCgroups } from './cgroups/find-cgroups.ts'
import { createLocalBackend } from './create-local-backend.ts'
import type { LocalConfig } from './local-config.ts'
import { StateDirectory } from './state/state-directory.ts'

const bundle = fileURLToPath(import.meta.resolve('@runtime-sandbox/runtime/bundle'))

/** The interpreter of the tests, as the test runner provides it. */
export const testPython = { LOCAL_PYTHON: process.env['LOCAL_PYTHON'] || undefined }

/** Why the tests of real sandboxes cannot run here; undefined when they can. */
export async function localUnavailable(): Promise<string | undefined> {
  if (!existsSync(bundle)) return 'the runtime is not built: pnpm --filter @runtime-sandbox/runtime build'
  return detectLocal({ python: testPython.LOCAL_PYTHON })
}

export function testContext(logger: Logger = silentLogger): BackendContext {
  const noPorts = () => Promise.reject(new Error('the local engine needs no ports'))
  return {
    logger,
    clock: systemClock,
    deployment: 'test-',
    runtimeEntry: bundle,
    ports: { leasePort: noPorts, holdPort: noPorts, freePorts: noPorts },
  }
}

export type LocalTestEngine = {
  backend: ContainerBackend
  /** LOCAL_STATE_DIR. */
  stateDirectory: string
  residue(): Promise<readonly string[]>
  dispose(): Promise<void>
}

/** An engine with a state directory of its own. */
export async function openLocalEngine(options: Partial<LocalConfig> = {}): Promise<LocalTestEngine> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'rsl-'))
  const { idPrefix } = new StateDirectory(stateDirectory, { root: false })
  const backend = createLocalBackend({ LOCAL_STATE_DIR: stateDirectory, ...testPython, ...options }, testContext())
  return {
    backend,
    stateDirectory,
    async residue() {
      const inside = await Promise.all(['sandboxes', 'uids'].map((name) => list(join(stateDirectory, name))))
      const groups = (await listCgroups()).filter((path) => basename(path).startsWith(idPrefix))
      return [...inside.flat(), ...groups]
    },
    async dispose() {
      // Also what a server that a test has killed left.
      for await (const { id } of backend.list({})) await backend.remove(id)
      await backend.close()
      await rm(stateDirectory, { recursive: true, force: true })
    },
  }
}

async function listCgroups(): Promise<string[]> {
  return (await Promise.all(findCgroups().map(({ parent }) => list(parent)))).flat()
}

async function list(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(directory, entry.name))
}

/** A spec whose sandbox works. */
export function testSpec(overrides: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    name: `local-test-${randomBytes(6).toString('hex')}`,
    sandboxType: 'base',
    image: 'agentscope/runtime-sandbox-base:latest',
    labels: {},
    environment: { SECRET_TOKEN: randomBytes(16).toString('hex'), NGINX_TIMEOUT: '60' },
    mounts: [],
    limits: {},
    security: securityProfile('medium'),
    port: 80,
    runtimeConfig: {},
    ...overrides,
  }
}

/** First process of a sandbox, as this machine sees it. */
export async function initOf(stateDirectory: string, id: string): Promise<number> {
  const kept = await readFile(join(stateDirectory, 'sandboxes', id, 'own/sandbox.json'), 'utf8')
  return (JSON.parse(kept) as { init: { pid: number } }).init.pid
}

/** Kills the first process of a sandbox, and so all of it. */
export async function killFromOutside(info: ContainerInfo): Promise<void> {
  // unix:<state>/sandboxes/<id>/own/runtime.sock
  const stateDirectory = info.url.slice('unix:'.length).split('/').slice(0, -4).join('/')
  process.kill(await initOf(stateDirectory, info.id), 'SIGKILL')
}
