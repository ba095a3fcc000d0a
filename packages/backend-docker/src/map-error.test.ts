import { SandboxError } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { engineWords, isImageMissing, isNotFound, isPortTaken, isUnanswered, mapError } from './map-error.ts'

const answered = (statusCode: number, message: string) =>
  Object.assign(new Error(`(HTTP code ${statusCode}) unexpected - ${message} `), { statusCode, json: { message } })
const failed = (code: string, message = code) => Object.assign(new Error(message), { code })
const options = { otherwise: 'sandbox_start_failed', doing: 'to make box' } as const

it('tells what the engine said, without decoration', () => {
  expect(engineWords(answered(500, 'driver failed'))).toBe('driver failed')
  expect(engineWords(failed('ECONNREFUSED', ''))).toBe('ECONNREFUSED')
  expect(engineWords('a text')).toBe('a text')
  expect(engineWords(null)).toBe('null')
  expect(engineWords({})).toBe('no reason was given')
})

it.each([
  'driver failed programming external connectivity: Bind for 127.0.0.1:43000 failed: port is already allocated',
  'listen tcp4 127.0.0.1:43000: bind: address already in use',
  'Ports are not available: exposing port TCP 127.0.0.1:43000',
  'failed to bind host port 127.0.0.1:43000/tcp',
])('knows a port that is taken: %s', (message) => {
  expect(isPortTaken(answered(500, message))).toBe(true)
})

it('knows what is not found', () => {
  expect(isNotFound(answered(404, 'No such container: x'))).toBe(true)
  expect(isImageMissing(answered(404, 'No such image: x'))).toBe(true)
  expect(isImageMissing(answered(404, 'network x not found'))).toBe(false)
  expect(isImageMissing(answered(500, 'image is broken'))).toBe(false)
  expect(isPortTaken(answered(404, 'No such image: x'))).toBe(false)
})

describe('mapError', () => {
  it.each([
    failed('ECONNREFUSED'),
    failed('ENOENT'),
    failed('EACCES'),
    failed('ECONNRESET', 'socket hang up'),
    failed('EAI_AGAIN'),
    failed('DEPTH_ZERO_SELF_SIGNED_CERT'),
    failed('HPE_INVALID_CONSTANT'),
    Object.assign(new Error('All configured authentication methods failed'), { level: 'client-authentication' }),
    new DOMException('late', 'TimeoutError'),
    Object.assign(new Error('aborted'), { name: 'AbortError', code: 'ABORT_ERR' }),
  ])('an engine that does not answer: %s', (error) => {
    expect(isUnanswered(error)).toBe(true)
    expect(mapError(error, options)).toMatchObject({ code: 'engine_unavailable', cause: error })
  })

  it('tells what was being done', () => {
    expect((mapError(failed('ECONNREFUSED'), options) as Error).message).toBe(
      'the Docker engine did not answer when asked to make box: ECONNREFUSED',
    )
    expect((mapError(answered(500, 'no space left'), options) as Error).message).toBe(
      'the Docker engine refused to make box: no space left',
    )
  })

  it('a refusal is what the caller says it is', () => {
    expect(mapError(answered(500, 'x'), options)).toMatchObject({ code: 'sandbox_start_failed' })
    expect(mapError(answered(409, 'name in use'), options)).toMatchObject({ code: 'conflict' })
  })

  it('an error of the program is not one of the engine', () => {
    const error = Object.assign(new TypeError('bad'), { code: 'ERR_INVALID_ARG_TYPE' })
    expect(isUnanswered(error)).toBe(false)
    expect(mapError(error, options)).toMatchObject({ code: 'sandbox_start_failed', cause: error })
  })

  it('leaves our own errors, and the reason of the caller’s abort, as they are', () => {
    const own = new SandboxError('no_free_port', 'none')
    expect(mapError(own, options)).toBe(own)
    const reason = new Error('given up')
    expect(mapError(failed('ABORT_ERR'), { ...options, signal: AbortSignal.abort(reason) })).toBe(reason)
    expect(mapError(own, { ...options, signal: new AbortController().signal })).toBe(own)
  })
})
