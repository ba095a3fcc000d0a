import { describe, expect, it } from 'vitest'
import { cellResult, shellResult } from './tool-output.ts'

const item = (text: string, description?: string) => ({
  type: 'text',
  text,
  annotations: null,
  ...(description && { description }),
})

describe('shellResult', () => {
  it('reads streams and exit code of the original answer', () => {
    const raw = {
      meta: null,
      content: [item('hi\n', 'stdout'), item('err\n', 'stderr'), item('3', 'returncode')],
      isError: true,
    }
    expect(shellResult(raw)).toEqual({
      stdout: 'hi\n',
      stderr: 'err\n',
      exitCode: 3,
      signal: null,
      isError: true,
      timedOut: false,
      truncated: false,
      raw,
    })
  })

  it('tells a signal from an exit code', () => {
    const content = [item('', 'stdout'), item('-9', 'returncode')]
    expect(shellResult({ content, isError: false }).exitCode).toBeNull()
    expect(shellResult({ content, isError: true, signal: 'SIGKILL', timed_out: true })).toMatchObject({
      signal: 'SIGKILL',
      timedOut: true,
    })
  })

  it('gives the reason of an answer without streams as stderr', () => {
    const result = shellResult({ content: [item('502 Server Error')], isError: true })
    expect(result).toMatchObject({ stdout: '', stderr: '502 Server Error', exitCode: null, isError: true })
  })
})

describe('cellResult', () => {
  it('reads the exception and a lost kernel', () => {
    const error = { name: 'ValueError', message: 'no' }
    const result = cellResult({
      content: [item('tb', 'stdout')],
      isError: true,
      error,
      kernel_restarted: true,
      truncated: true,
    })
    expect(result).toMatchObject({ stdout: 'tb', error, kernelRestarted: true, truncated: true })
  })

  it('is content with the answer of the original', () => {
    expect(cellResult({ content: [item('1\n', 'stdout')], isError: false })).toMatchObject({
      stdout: '1\n',
      error: null,
      kernelRestarted: false,
    })
  })
})
