import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engineSuite } from '@runtime-sandbox/testkit'
import { docker, findImage, requireEngine } from '../../scripts/engines/docker.mjs'
import { baseImageTag } from '../../scripts/engines/image-tag.mjs'
import { startSandboxContainer, type SandboxContainer } from './sandbox-container.fixture.ts'

const image = baseImageTag(process.env)
const problem = await whyNot()

async function whyNot(): Promise<string | undefined> {
  try {
    await requireEngine()
  } catch (error) {
    return `no Docker engine answers (${(error as Error).message.trim().split('\n').at(-1)})`
  }
  if (await findImage(image)) return undefined
  return `the engine does not have ${image}; node scripts/engines/build-base-image.mjs builds it`
}

const kept = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'NET_BIND_SERVICE']
const confined = ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--pids-limit', '512', '--memory', '1g']
const scratch = ['/tmp', '/run', '/home/sandbox'].flatMap((folder) => ['--tmpfs', folder])

type Profile = { name: string; uid: number; flags: string[]; overSocket: boolean; readOnlyRoot: boolean }

const profiles: Profile[] = [
  { name: 'as the engine runs it', uid: 0, flags: [], overSocket: false, readOnlyRoot: false },
  {
    name: 'as root with few capabilities',
    uid: 0,
    flags: [...confined, ...kept.flatMap((capability) => ['--cap-add', capability])],
    overSocket: false,
    readOnlyRoot: false,
  },
  {
    name: 'as another user, on a port',
    uid: 12_345,
    flags: [...confined, '--user', '12345:12345'],
    overSocket: false,
    readOnlyRoot: false,
  },
  {
    name: 'not root, read-only, without network',
    uid: 1000,
    flags: [
      ...confined,
      ...scratch,
      '--user',
      '1000:1000',
      '--read-only',
      '--volume',
      '/workspace',
      '--network',
      'none',
    ],
    overSocket: true,
    readOnlyRoot: true,
  },
]

describe.skipIf(engineSuite('docker', problem).skip).each(profiles)('base image, $name', (profile) => {
  let folder: string
  let sandbox: SandboxContainer

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'runtime-sandbox-smoke-'))
    await chmod(folder, 0o777)
    const mount = ['--mount', `type=bind,source=${folder},target=/mnt/socket`, '--env', 'RUNTIME_SOCKET=/mnt/socket/s']
    sandbox = await startSandboxContainer({
      image,
      flags: [...profile.flags, ...(profile.overSocket ? mount : [])],
      socketPath: profile.overSocket ? path.join(folder, 's') : undefined,
    })
  })

  afterAll(async () => {
    await sandbox?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  test('is healthy soon', () => {
    process.stderr.write(`base image, ${profile.name}: healthy after ${Math.round(sandbox.healthyAfterMs)} ms\n`)
    // Far above what it takes, for a machine that is busy with other things.
    expect(sandbox.healthyAfterMs).toBeLessThan(5000)
  })

  test('answers its token alone', async () => {
    expect(await sandbox.call('/fastapi/healthz')).toEqual({ status: 200, body: 'OK' })
    expect(await sandbox.call('/healthz')).toEqual({ status: 200, body: 'OK' })
    const { status, body } = await sandbox.call('/fastapi/healthz', undefined, 'another')
    expect([status, JSON.parse(body)]).toEqual([403, { detail: 'Invalid secret token' }])
  })

  test('runs shell commands in the workspace, as the right user', async () => {
    const answer = await sandbox.shell('id -u; pwd; echo oops >&2; exit 3')
    expect(answer).toEqual({ stdout: `${profile.uid}\n/workspace\n`, stderr: 'oops\n', returncode: '3' })
  })

  test('keeps the state of Python', async () => {
    await sandbox.python('answer = 6')
    expect((await sandbox.python('answer * 7'))['stdout']).toContain('42')
  })

  test('has its tools', async () => {
    const tools = ['bash', 'curl', 'file', 'git', 'ipython', 'jq', 'less', 'nano', 'node', 'npm', 'npx', 'patch', 'pip']
    const more = ['ps', 'python', 'python3', 'rg', 'tar', 'tini', 'unzip', 'xz', 'zip']
    const command = `for t in ${[...tools, ...more].join(' ')}; do command -v "$t" >/dev/null || echo "$t"; done`
    expect(await sandbox.shell(command)).toEqual({ stdout: '', returncode: '0' })
    expect((await sandbox.shell('node --version'))['stdout']).toMatch(/^v24\./)
    expect((await sandbox.shell('pip --version && npm --version'))['returncode']).toBe('0')
  })

  test('its workspace is a repository that can be written', async () => {
    const command = 'echo new > file.txt && git status --porcelain --untracked-files=all && git add -A'
    const { stdout, returncode } = await sandbox.shell(command)
    expect(stdout?.trim().split('\n')).toContain('?? file.txt')
    expect(returncode).toBe('0')
  })

  test('has a home that can be written', async () => {
    expect(await sandbox.shell('touch "$HOME/x"')).toEqual({ stdout: '', returncode: '0' })
  })

  test('shows the token to nothing inside', async () => {
    // Quoted in two halves, so that the search does not find itself.
    const pattern = `${sandbox.token.slice(0, 3)}""${sandbox.token.slice(3)}`
    const command = `grep -l ${pattern} /proc/[0-9]*/environ 2>/dev/null; timeout 2 cat /proc/1/fd/3 2>/dev/null; env`
    const { stdout } = await sandbox.shell(command)
    expect(stdout).not.toContain('environ\n')
    expect(stdout).not.toContain(sandbox.token)
    expect((await sandbox.python('import os; print(dict(os.environ))'))['stdout']).not.toContain(sandbox.token)
  })

  test('reaps what loses its parent', async () => {
    const orphans = 'for i in 1 2 3 4 5; do (sleep 0.05 & ); done'
    const wait =
      'i=0; while ps -e -o stat=,comm= | grep -E "^Z|sleep$"; do i=$((i+1)); [ $i -lt 100 ] || exit 1; sleep 0.02; done'
    expect((await sandbox.shell(`${orphans}; ${wait} >/dev/null`))['returncode']).toBe('0')
  })

  test.runIf(profile.readOnlyRoot)('may write only where it is let', async () => {
    const { stdout } = await sandbox.shell(
      'for d in /opt /usr /etc /tmp "$HOME"; do touch "$d/x" 2>/dev/null && echo "$d"; done; ls /sys/class/net',
    )
    expect(stdout?.trim().split('\n')).toEqual(['/tmp', '/home/sandbox', 'lo'])
  })

  test('ends at once when it is stopped, whatever runs', async () => {
    await sandbox.shell('nohup sleep 600 >/dev/null 2>&1 &')
    const { tookMs, exitCode } = await sandbox.stop()
    expect(exitCode).toBe(0)
    expect(tookMs).toBeLessThan(4000)
  })
})

describe.skipIf(problem !== undefined)('base image', () => {
  test('does not start without a token', async () => {
    const start = docker(['run', '--rm', image])
    await expect(start).rejects.toThrow(/exit code 78[\s\S]*SECRET_TOKEN is not set/)
  })

  test('serves a workspace that is mounted', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'runtime-sandbox-smoke-'))
    try {
      const flags = ['--mount', `type=bind,source=${folder},target=/workspace`]
      await using sandbox = await startSandboxContainer({ image, flags })
      expect((await sandbox.shell('echo here > file.txt && git init --quiet && git status --short'))['stdout']).toBe(
        '?? file.txt\n',
      )
      await sandbox.shell('find /workspace -mindepth 1 -delete')
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
