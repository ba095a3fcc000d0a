import { describe, expect, test } from 'vitest'
import { directionProblems } from './dependency-rules.ts'
import { importedPackages } from './imported-packages.ts'

describe('directionProblems', () => {
  test.each([
    ['@runtime-sandbox/core', ['zod']],
    ['@runtime-sandbox/client', ['@runtime-sandbox/core', '@runtime-sandbox/protocol']],
    ['@runtime-sandbox/backend-docker', ['@runtime-sandbox/core', 'dockerode', 'zod']],
    ['runtime-sandbox-server', ['@runtime-sandbox/backend-docker', 'hono', 'pino']],
  ])('%s may depend on %j', (name, dependencies) => {
    expect(directionProblems(name, dependencies)).toEqual([])
  })

  test.each([
    ['@runtime-sandbox/core', ['@runtime-sandbox/protocol'], 'must not depend on @runtime-sandbox/protocol'],
    ['@runtime-sandbox/core', ['zod', 'undici'], 'must not depend on undici'],
    ['@runtime-sandbox/client', ['dockerode'], 'must not depend on dockerode'],
    ['@runtime-sandbox/backend-local', ['@runtime-sandbox/runtime'], 'must not depend on @runtime-sandbox/runtime'],
    ['@runtime-sandbox/state-redis', ['ioredis', 'lodash'], 'may have 1 vendor dependency, not ioredis, lodash'],
    ['@runtime-sandbox/manager', ['@runtime-sandbox/state-memory'], 'must not depend on @runtime-sandbox/state-memory'],
    ['@runtime-sandbox/manager', ['runtime-sandbox-server'], 'must not depend on runtime-sandbox-server'],
    ['runtime-sandbox-builder', ['runtime-sandbox-server'], 'must not depend on runtime-sandbox-server'],
    ['@runtime-sandbox/novelty', [], 'no rule says what it may depend on'],
  ])('%s must not depend on %j', (name, dependencies, problem) => {
    const problems = directionProblems(name, dependencies)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(problem)
  })
})

test('finds what a file imports, and nothing else', () => {
  const source = `
import path from 'node:path'
import type { Hono } from 'hono/tiny'
import {
  one,
  two,
} from '@runtime-sandbox/core'
import * as everything from 'undici'
import 'side-effect'
import { neighbour } from './neighbour.ts'
export { three } from "double"
export type { Four } from 'four'
export const five = "export from 'string'"
export function six(name = 'seven') {
  return import('lazy/part')
}
/**
 * import { eight } from 'comment'
 * await import('comment')
 */
// import 'comment'
`
  expect(importedPackages(source)).toEqual(['@runtime-sandbox/core', 'four', 'hono', 'lazy', 'side-effect', 'undici'])
})
