import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fakeEngine, Run, run, workingDirectory } from '../cli.fixture.ts'

const fake = { CONTAINER_DEPLOYMENT: fakeEngine, PORT: '0', POOL_SIZE: '0', WATCHER_SCAN_INTERVAL: '0' }

const decorated = `
import { SandboxRegistry, buildImageUri } from '@runtime-sandbox/core'
import { Sandbox } from '@runtime-sandbox/client'

@SandboxRegistry.register(buildImageUri('runtime-sandbox-mine'), {
  sandboxType: 'mine',
  securityLevel: 'medium',
  timeout: 60,
  environment: { TAVILY_API_KEY: process.env.TAVILY_API_KEY ?? '' },
})
export class MySandbox extends Sandbox {
  private readonly label: string = 'typed'
}
`
const plain = `
import { SandboxRegistry } from '@runtime-sandbox/core'
SandboxRegistry.register('example/other:1', { sandboxType: 'other' })
`

async function typesOf(words: readonly string[], directory: string, types: string): Promise<string> {
  await using server = new Run(words, { directory, environment: { ...fake, DEFAULT_SANDBOX_TYPE: types } })
  const url = await server.url
  const { version } = (await (await fetch(`${url}/health`)).json()) as { version: string }
  const created = await fetch(`${url}/create`, { method: 'POST', body: '{}' })
  const { data } = (await created.json()) as { data: string }
  const info = await fetch(`${url}/get_info`, { method: 'POST', body: JSON.stringify({ identity: data }) })
  const record = ((await info.json()) as { data: { sandbox_type: string; version: string } }).data
  return `${version} ${record.sandbox_type} ${record.version}`
}

describe('--extension', () => {
  it('takes TypeScript with decorators, outside of the repository, and sees the settings file', async () => {
    using directory = workingDirectory({
      'my_sandbox.ts': decorated,
      '.env': 'RUNTIME_SANDBOX_REGISTRY=registry.example\nRUNTIME_SANDBOX_IMAGE_TAG=v2\nTAVILY_API_KEY=key',
    })
    expect(await typesOf(['--extension', 'my_sandbox.ts'], directory.path, 'mine')).toBe(
      "[<SandboxType.MINE: 'mine'>] mine registry.example/agentscope/runtime-sandbox-mine:v2",
    )
  })

  it('takes several modules: JavaScript, and a package of the working directory', async () => {
    using directory = workingDirectory({
      'a.js': plain,
      'b.mjs': plain.replaceAll('other', 'second'),
      'package.json': '{"type":"module"}',
    })
    const packageDirectory = join(directory.path, 'node_modules', 'sandbox-types')
    mkdirSync(packageDirectory, { recursive: true })
    const manifest = { name: 'sandbox-types', type: 'module', exports: { import: './main.js' } }
    writeFileSync(join(packageDirectory, 'package.json'), JSON.stringify(manifest))
    writeFileSync(join(packageDirectory, 'main.js'), plain.replaceAll('other', 'third'))
    const words = [
      '--extension',
      './a.js',
      '--extension',
      join(directory.path, 'b.mjs'),
      '--extension',
      'sandbox-types',
    ]
    expect(await typesOf(words, directory.path, 'third,second,other')).toContain('third example/third:1')
  })

  it.each([
    ['none.ts', /none\.ts: cannot be loaded from .*: Error: .*none\.ts does not exist/],
    ['no-such-package', /no-such-package: cannot be loaded from .*Cannot find package 'no-such-package'/],
    ['custom_sandbox.py', /Python modules are not taken/],
    ['throws.js', /throws\.js: cannot be loaded from .*: TypeError: its own words/],
    ['syntax.ts', /syntax\.ts: cannot be loaded/],
    ['wrong.js', /sandbox type "Not A Name"/],
    ['lacks.js', /Cannot find package 'left-pad'/],
  ])('%s: exit 78, with the reason', async (name, reason) => {
    using directory = workingDirectory({
      'throws.js': "throw new TypeError('its own words')",
      'syntax.ts': 'const = 1',
      'wrong.js': plain.replaceAll('other', 'Not A Name'),
      'lacks.js': "import 'left-pad'",
    })
    const { code, stderr } = await run(['--extension', name], { directory: directory.path, environment: fake })
    expect(code).toBe(78)
    expect(stderr).toMatch(reason)
  })
})
