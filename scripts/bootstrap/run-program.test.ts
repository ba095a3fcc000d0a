import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { runProgram } from './run-program.mjs'

const module = new URL('run-program.mjs', import.meta.url).href

/** A process that runs the given program through runProgram, and exits with what that resolves with. */
function startParent(program: string) {
  const argumentList = ['-e', program]
  const script = `
    import { runProgram } from ${JSON.stringify(module)}
    const options = { cwd: process.cwd(), env: process.env }
    process.exitCode = await runProgram(process.execPath, ${JSON.stringify(argumentList)}, options)`
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
}

describe('runProgram', () => {
  test('resolves with the exit code, or 128 and the signal', async () => {
    const options = { cwd: process.cwd(), env: process.env }
    expect(await runProgram(process.execPath, ['-e', 'process.exit(7)'], options)).toBe(7)
    expect(await runProgram(process.execPath, ['-e', 'process.kill(process.pid, "SIGKILL")'], options)).toBe(137)
    await expect(runProgram('/no/such/program', [], options)).rejects.toThrow('ENOENT')
  })

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('passes %s on and waits for the end', async (signal) => {
    const parent = startParent(`
      process.on('${signal}', () => { console.log('stopping'); setImmediate(() => process.exit(9)) })
      setInterval(() => {}, 1000)
      console.log('ready')`)
    let output = ''
    parent.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (text.includes('ready')) parent.kill(signal)
    })
    expect(await once(parent, 'close')).toEqual([9, null])
    expect(output).toBe('ready\nstopping\n')
  })
})
