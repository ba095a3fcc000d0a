import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SandboxRegistry } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { checkSettings } from './check-settings.ts'
import { ineffectiveSettings } from './ineffective-settings.ts'
import { parseSettings } from './parse-settings.ts'
import type { Settings } from './settings-schema.ts'

const parse = (values: Record<string, string>) => parseSettings([values])
const problems = (values: Record<string, string>) => {
  const parsed = parse(values)
  return [...parsed.problems, ...checkSettings(parsed.values, { directory: '/', registry: new SandboxRegistry() })]
}

describe('defaults', () => {
  it("are the documents'", () => {
    const { values, problems: none } = parse({})
    expect(none).toEqual([])
    expect(values).toMatchObject({
      HOST: '127.0.0.1',
      PORT: 8000,
      WORKERS: 1,
      DEBUG: false,
      BEARER_TOKEN: undefined,
      DEFAULT_SANDBOX_TYPE: ['base'],
      POOL_SIZE: 1,
      AUTO_CLEANUP: true,
      CONTAINER_PREFIX_KEY: 'agent-runtime-container-',
      CONTAINER_DEPLOYMENT: 'auto',
      DEFAULT_MOUNT_DIR: 'sessions_mount_dir',
      READONLY_MOUNTS: {},
      ALLOW_MOUNT_DIR: false,
      STORAGE_FOLDER: undefined,
      PORT_RANGE: [49152, 59152],
      REDIS_ENABLED: false,
      REDIS_SERVER: 'localhost',
      REDIS_PORT: 6379,
      REDIS_DB: 0,
      REDIS_PORT_KEY: '_agent_runtime_container_occupied_ports',
      REDIS_CONTAINER_POOL_KEY: '_agent_runtime_container_container_pool',
      FILE_SYSTEM: 'local',
      OSS_ENDPOINT: '',
      K8S_NAMESPACE: 'default',
      AGENT_RUN_CPU: 2,
      AGENT_RUN_MEMORY: 2048,
      AGENT_RUN_REGION_ID: '',
      AGENT_RUN_PREFIX: 'agentscope-sandbox',
      FC_REGION_ID: 'cn-hangzhou',
      HEARTBEAT_TIMEOUT: 300,
      HEARTBEAT_LOCK_TTL: 120,
      WATCHER_SCAN_INTERVAL: 1,
      MAX_SANDBOX_INSTANCES: 0,
      RUNTIME_SANDBOX_REGISTRY: '',
      RUNTIME_SANDBOX_IMAGE_NAMESPACE: 'agentscope',
      RUNTIME_SANDBOX_IMAGE_TAG: 'latest',
      RUNTIME_SANDBOX_TIMEOUT: 60,
    } satisfies Partial<Settings>)
  })
})

describe('formats', () => {
  it.each([
    ['DEFAULT_SANDBOX_TYPE', 'base,gui', ['base', 'gui']],
    ['DEFAULT_SANDBOX_TYPE', '["base","gui"]', ['base', 'gui']],
    ['DEFAULT_SANDBOX_TYPE', '[base, gui]', ['base', 'gui']],
    ['DEFAULT_SANDBOX_TYPE', ' base , gui ', ['base', 'gui']],
    ['AUTO_CLEANUP', 'off', false],
    ['DEBUG', 'Yes', true],
    ['POOL_SIZE', '-3', 0],
    ['POOL_SIZE', '0', 0],
    ['BEARER_TOKEN', '', undefined],
    ['BEARER_TOKEN', ' a b ', ' a b '],
    ['PORT_RANGE', '[1,65536]', [1, 65_536]],
    ['READONLY_MOUNTS', '{"\\/etc": "\\/data"}', { '/etc': '/data' }],
    ['READONLY_MOUNTS', 'null', {}],
    ['DEFAULT_MOUNT_DIR', '', ''],
    ['STORAGE_FOLDER', ' ', undefined],
    ['AGENT_RUN_VSWITCH_IDS', 'a,b', ['a', 'b']],
    ['AGENT_RUN_VSWITCH_IDS', '["a","b"]', ['a', 'b']],
    ['FC_VSWITCH_IDS', '[a,b]', ['a', 'b']],
    ['FC_VSWITCH_IDS', '', []],
    ['FC_VSWITCH_IDS', 'null', []],
    ['FC_CPU', '0.5', 0.5],
    ['KUBECONFIG_PATH', '', undefined],
    ['RELEASE_KET_TTL', '5', 5],
    ['RUNTIME_SANDBOX_TIMEOUT', '1.5', 1.5],
    ['ALLOWED_HOSTS', 'a.lan, b.lan', ['a.lan', 'b.lan']],
  ])('%s=%s', (name, text, value) => {
    const { values, problems: none } = parse({ [name]: text })
    expect(none).toEqual([])
    expect(values[name as keyof Settings]).toEqual(value)
  })

  it.each([
    ['HOST', ' '],
    ['PORT', 'http'],
    ['PORT', '65536'],
    ['PORT', ''],
    ['PORT', '80.5'],
    ['WORKERS', '0'],
    ['DEBUG', 'perhaps'],
    ['DEFAULT_SANDBOX_TYPE', ''],
    ['DEFAULT_SANDBOX_TYPE', 'nope'],
    ['DEFAULT_SANDBOX_TYPE', '["base"'],
    ['POOL_SIZE', 'many'],
    ['POOL_SIZE', '100000'],
    ['CONTAINER_PREFIX_KEY', ''],
    ['CONTAINER_PREFIX_KEY', 'a'.repeat(39)],
    ['CONTAINER_PREFIX_KEY', '../x'],
    ['CONTAINER_DEPLOYMENT', ''],
    ['CONTAINER_DEPLOYMENT', 'Docker'],
    ['CONTAINER_DEPLOYMENT', 'k8s'],
    ['CONTAINER_DEPLOYMENT', 'agentrun'],
    ['CONTAINER_DEPLOYMENT', 'fc'],
    ['CONTAINER_DEPLOYMENT', 'boxlite'],
    ['CONTAINER_DEPLOYMENT', 'cloud'],
    ['PORT_RANGE', '49152-59152'],
    ['PORT_RANGE', '49152,59152'],
    ['PORT_RANGE', '[1,2,3]'],
    ['PORT_RANGE', '[59152,49152]'],
    ['READONLY_MOUNTS', ''],
    ['READONLY_MOUNTS', '/etc:/data'],
    ['READONLY_MOUNTS', '["/etc"]'],
    ['READONLY_MOUNTS', '{"/does/not/exist":"/data"}'],
    ['REDIS_ENABLED', 'True'],
    ['WORKERS', '4'],
    ['FILE_SYSTEM', 'oss'],
    ['FILE_SYSTEM', 's3'],
    ['HEARTBEAT_TIMEOUT', '0'],
    ['MAX_SANDBOX_INSTANCES', '-1'],
    ['AGENT_RUN_CPU', 'two'],
    ['RUNTIME_SANDBOX_TIMEOUT', '0'],
    ['RUNTIME_SANDBOX_TIMEOUT', '1e9'],
    ['RUNTIME_SANDBOX_IMAGE_TAG', 'a b'],
    ['RUNTIME_SANDBOX_REGISTRY', 'https://user:x@host'],
  ])('%s=%j is refused by name', (name, text) => {
    const found = problems({ [name]: text })
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(new RegExp(`^${name}: `))
  })
})

describe('problems', () => {
  it('are all told at once', () => {
    const values = {
      PORT: 'x',
      DEBUG: 'z',
      REDIS_ENABLED: '1',
      WORKERS: '2',
      CONTAINER_DEPLOYMENT: 'fc',
      FILE_SYSTEM: 'oss',
    }
    expect(problems(values).map((problem) => problem.split(':')[0])).toEqual([
      'PORT',
      'DEBUG',
      'CONTAINER_DEPLOYMENT',
      'REDIS_ENABLED',
      'FILE_SYSTEM',
      'WORKERS',
    ])
  })

  it('say what more than one worker needs', () => {
    expect(problems({ WORKERS: '4' })).toEqual([
      'WORKERS: more than one worker needs Redis (REDIS_ENABLED=True); use 1',
    ])
  })

  it('never show a secret', () => {
    const found = problems({ REDIS_PORT_KEY: 'k', CONTAINER_PREFIX_KEY: '/hidden/', FC_ACCESS_KEY_SECRET: 's' })
    expect(found.join()).not.toContain('hidden')
  })
})

describe('mounts', () => {
  it('are looked for from the working directory', () => {
    const directory = mkdtempSync(join(tmpdir(), 'mounts-'))
    const { values } = parse({ READONLY_MOUNTS: '{".": "/data", "gone": "/gone"}' })
    expect(checkSettings(values, { directory, registry: new SandboxRegistry() })).toEqual([
      `READONLY_MOUNTS: ${join(directory, 'gone')} does not exist`,
    ])
    rmdirSync(directory)
  })
})

describe('settings without effect', () => {
  it('are known when they are given', () => {
    const { given } = parse({ OSS_ENDPOINT: 'x', PORT: '1', K8S_NAMESPACE: 'x', REDIS_ENABLED: 'False' })
    expect(ineffectiveSettings(given)).toEqual(['OSS_ENDPOINT', 'K8S_NAMESPACE'])
  })
})
