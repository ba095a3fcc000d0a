import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { fakeEngine, run, workingDirectory } from '../cli.fixture.ts'

const program = fileURLToPath(new URL('./embedded.fixture.ts', import.meta.url))

async function runEmbedded(...words: string[]) {
  using directory = workingDirectory()
  return await run([`CONTAINER_DEPLOYMENT=${fakeEngine}`, ...words], { directory: directory.path, program })
}

describe('an embedded manager', () => {
  it('works without a server, and lets the program end', async () => {
    expect(await runEmbedded()).toEqual({
      code: 0,
      stdout: 'fake answers; GET /fastapi/workspace/list?path=.; S1\n',
      stderr: '',
    })
  })

  it('tells what keeps it from starting', async () => {
    expect((await runEmbedded('FAKE_FAILS=True')).stdout).toMatch(/^69 .*the fake engine is switched off\n$/)
    expect((await runEmbedded('POOL_SIZE=x')).stdout).toMatch(/^78 POOL_SIZE: /)
    expect((await runEmbedded('AUTO_CLEANUP=False')).stdout).toMatch(/^78 AUTO_CLEANUP: /)
  })
})
