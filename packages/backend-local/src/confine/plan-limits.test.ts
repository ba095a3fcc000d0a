import { defaultLimits } from '@runtime-sandbox/core'
import { describe, expect, it } from 'vitest'
import { describeMeans, planLimits, type LimitMeans } from './plan-limits.ts'

const all: LimitMeans = { controllers: new Set(['memory', 'cpu', 'pids']), ownUser: true }
const rootOnly: LimitMeans = { controllers: new Set(), ownUser: true }
const user: LimitMeans = { controllers: new Set(), ownUser: false, userProcesses: () => 300 }
const notSupported = expect.objectContaining({ code: 'not_supported' })

describe('planLimits', () => {
  it('bounds by cgroup what it can', () => {
    expect(planLimits({ memoryBytes: 1000, cpus: 0.5, pids: 10, shmBytes: 7 }, all)).toEqual({
      cgroup: { memoryBytes: 1000, cpus: 0.5, pids: 10 },
      rlimits: {},
      shmBytes: 7,
    })
  })

  it('bounds a sandbox whose type says nothing', () => {
    expect(planLimits({}, all)).toEqual({ cgroup: { ...defaultLimits }, rlimits: {}, shmBytes: 64 * 2 ** 20 })
  })

  it('applies the defaults as well as it can', () => {
    expect(planLimits({}, rootOnly).rlimits).toEqual({ processes: 512, dataBytes: 2 * 2 ** 30 })
    expect(planLimits({ ...defaultLimits }, user).rlimits).toEqual({ processes: 812, dataBytes: 2 * 2 ** 30 })
  })

  it('refuses what was asked for and cannot be enforced', () => {
    for (const limits of [{ memoryBytes: 1000 }, { cpus: 0.5 }, { pids: 10 }]) {
      expect(() => planLimits(limits, user)).toThrow(notSupported)
    }
    expect(() => planLimits({ memoryBytes: 1000 }, rootOnly)).toThrow(notSupported)
    expect(planLimits({ pids: 10 }, rootOnly).rlimits.processes).toBe(10)
    expect(planLimits({ shmBytes: 10 }, user).shmBytes).toBe(10)
  })
})

it('describes the means for the log', () => {
  expect(describeMeans(all)).toBe('memory by cgroup, cpu by cgroup, pids by cgroup')
  expect(describeMeans(user)).toBe(
    "memory by rlimit of each process, cpu by nothing, pids by rlimit of the server's user",
  )
})
