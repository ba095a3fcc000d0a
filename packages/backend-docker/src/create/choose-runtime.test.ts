import { securityProfile, type SecurityLevel } from '@runtime-sandbox/core'
import { expect, it } from 'vitest'
import { containerSpec, engineFeatures } from '../container-spec.fixture.ts'
import { chooseRuntime } from './choose-runtime.ts'

type Choice = { level?: SecurityLevel; installed?: string[]; asked?: string; runtime?: string }

function choose({ level = 'medium', installed = [], asked, runtime }: Choice) {
  const runtimes = new Map(['runc', ...installed].map((name) => [name, []]))
  return chooseRuntime(containerSpec({ security: securityProfile(level) }), {
    config: asked === undefined ? {} : { runtime: asked },
    features: engineFeatures({ runtimes }),
    runtime,
  })
}

const refusal = expect.objectContaining({ code: 'not_supported' }) as Error

it('leaves it to the engine when nobody asks', () => {
  expect(choose({})).toBeUndefined()
  expect(choose({ installed: ['runsc'] })).toBeUndefined()
  expect(choose({ level: 'high' })).toBeUndefined()
})

it('takes what the type asks for, if it is there', () => {
  expect(choose({ asked: 'crun', installed: ['crun'] })).toBe('crun')
  expect(() => choose({ asked: 'crun' })).toThrow('no runtime named crun')
})

it('level high takes a sandboxed runtime that is installed, and no lesser one', () => {
  expect(choose({ level: 'high', installed: ['kata', 'runsc'] })).toBe('runsc')
  expect(choose({ level: 'high', installed: ['kata'] })).toBe('kata')
  expect(choose({ level: 'high', installed: ['kata', 'runsc'], asked: 'kata' })).toBe('kata')
  expect(() => choose({ level: 'high', installed: ['runsc'], asked: 'runc' })).toThrow('runs with runsc')
})

it('gvisor: every sandbox runs with runsc, or none is made', () => {
  expect(choose({ runtime: 'runsc', installed: ['runsc'] })).toBe('runsc')
  expect(choose({ runtime: 'runsc', installed: ['runsc'], asked: 'runsc', level: 'low' })).toBe('runsc')
  expect(() => choose({ runtime: 'runsc' })).toThrow(refusal)
  expect(() => choose({ runtime: 'runsc', installed: ['runsc'], asked: 'runc' })).toThrow('runc was asked for')
})
