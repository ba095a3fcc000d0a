import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

const scripts = path.dirname(fileURLToPath(import.meta.url))

// Stand-ins for Docker's two programs: the engine "answers" as long as its file is there.
const fakeDocker = '#!/bin/sh\n[ -e "$FAKE/answers" ]\n'
const fakeEngine = `#!/bin/sh
echo "$*" >"$FAKE/arguments"
if [ -e "$FAKE/broken" ]; then echo 'no cgroups here' >&2; exit 1; fi
while [ "$1" != --pidfile ]; do shift; done
echo $$ >"$2"
touch "$FAKE/answers"
trap 'rm -f "$FAKE/answers" "$2"; exit 0' TERM
while :; do sleep 0.05; done
`

let folder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runtime-sandbox-engines-'))
  mkdirSync(path.join(folder, 'bin'))
  writeFileSync(path.join(folder, 'bin', 'docker'), fakeDocker, { mode: 0o755 })
  writeFileSync(path.join(folder, 'bin', 'dockerd'), fakeEngine, { mode: 0o755 })
})

afterEach(async () => {
  await run('stop-docker.sh')
  rmSync(folder, { recursive: true, force: true })
})

type Outcome = { code: number; output: string }

function run(script: string, argumentList: string[] = [], environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const env = {
    PATH: `${path.join(folder, 'bin')}:/usr/bin:/bin`,
    FAKE: folder,
    TMPDIR: folder,
    DOCKER_HOST: `unix://${folder}/docker.sock`,
    ...environment,
  }
  return new Promise((resolve) => {
    execFile(path.join(scripts, script), argumentList, { env, timeout: 20_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr })
    })
  })
}

const pidFile = () => path.join(folder, 'runtime-sandbox-ci', 'dockerd.pid')

// Engines run on Linux.
describe.skipIf(process.platform !== 'linux')('start-docker.sh', () => {
  test('starts an engine where DOCKER_HOST says, with the options given', async () => {
    expect(await run('start-docker.sh', ['--data-root', '/data'])).toMatchObject({ code: 0 })
    expect(readFileSync(path.join(folder, 'arguments'), 'utf8').trim()).toBe(
      `--host unix://${folder}/docker.sock --pidfile ${pidFile()} --data-root /data`,
    )
  })

  test('starts none when one answers', async () => {
    writeFileSync(path.join(folder, 'answers'), '')
    const { code, output } = await run('start-docker.sh')
    expect([code, output]).toEqual([0, 'A Docker engine answers already.\n'])
    expect(existsSync(pidFile())).toBe(false)
  })

  test('shows why the engine did not start', async () => {
    writeFileSync(path.join(folder, 'broken'), '')
    const { code, output } = await run('start-docker.sh')
    expect(code).toBe(1)
    expect(output).toContain('no cgroups here')
  })

  test('does not pretend to start an engine elsewhere', async () => {
    const { code, output } = await run('start-docker.sh', [], { DOCKER_HOST: 'tcp://127.0.0.1:1' })
    expect(code).toBe(1)
    expect(output).toContain('tcp://127.0.0.1:1')
  })
})

describe.skipIf(process.platform !== 'linux')('stop-docker.sh', () => {
  test('stops what was started', async () => {
    await run('start-docker.sh')
    expect(await run('stop-docker.sh')).toEqual({ code: 0, output: 'Docker engine stopped.\n' })
    expect(existsSync(path.join(folder, 'answers'))).toBe(false)
    expect(existsSync(pidFile())).toBe(false)
  })

  test('leaves an engine of others, and a process that has the id now', async () => {
    writeFileSync(path.join(folder, 'answers'), '')
    mkdirSync(path.dirname(pidFile()))
    writeFileSync(pidFile(), `${process.pid}\n`)
    expect(await run('stop-docker.sh')).toEqual({ code: 0, output: 'No Docker engine of ours is running.\n' })
    expect(existsSync(path.join(folder, 'answers'))).toBe(true)
  })
})

describe('install-engines.sh', () => {
  test.each([[[]], [['podman']]])('refuses %o', async (argumentList) => {
    const { code, output } = await run('install-engines.sh', argumentList)
    expect(code).toBe(2)
    expect(output).toContain('Usage')
  })
})
