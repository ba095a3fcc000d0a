import { describe, expect, it } from 'vitest'
import { seccompFilter } from './seccomp-filter.ts'

type Call = { architecture: number; number: number; args?: [number, number] }

const allow = 0x7fff_0000
const notPermitted = 0x0005_0001
const noSuchCall = 0x0005_0026

/** What the kernel would answer to the call: the few instructions that the program uses, interpreted. */
function judge(program: Buffer, { architecture, number, args = [0, 0] }: Call): number {
  const data = new Map([
    [0, number],
    [4, architecture],
    [16, args[0] >>> 0],
    [24, args[1] >>> 0],
  ])
  let word = 0
  for (let at = 0; at < program.length / 8; at += 1) {
    const code = program.readUInt16LE(at * 8)
    const value = program.readUInt32LE(at * 8 + 4)
    if (code === 0x06) return value
    if (code === 0x20) word = data.get(value)!
    else {
      const holds = code === 0x15 ? word === value : code === 0x35 ? word >= value : (word & value) !== 0
      at += program.readUInt8(at * 8 + (holds ? 2 : 3))
    }
  }
  throw new Error('the program runs off its end')
}

describe('seccompFilter', () => {
  const x64 = (number: number, ...args: number[]) =>
    judge(seccompFilter('x64')!, { architecture: 0xc000_003e, number, args: [args[0] ?? 0, args[1] ?? 0] })
  const arm64 = (number: number, ...args: number[]) =>
    judge(seccompFilter('arm64')!, { architecture: 0xc000_00b7, number, args: [args[0] ?? 0, args[1] ?? 0] })

  it('lets ordinary calls pass', () => {
    // read, openat, execve, futex, socket, ptrace, prctl
    for (const number of [0, 257, 59, 202, 41, 101, 157]) expect(x64(number), String(number)).toBe(allow)
    for (const number of [63, 56, 221, 98, 198]) expect(arm64(number), String(number)).toBe(allow)
  })

  it('refuses mounts, keys, tracing of the kernel, modules and the like', () => {
    for (const number of [165, 166, 155, 161, 250, 248, 321, 298, 323, 304, 308, 425, 175, 246, 428, 442]) {
      expect(x64(number), String(number)).toBe(notPermitted)
    }
    for (const number of [40, 39, 41, 51, 219, 217, 280, 241, 282, 265, 268, 425, 105, 104]) {
      expect(arm64(number), String(number)).toBe(notPermitted)
    }
  })

  it('refuses new namespaces, not new processes and threads', () => {
    const thread = 0x003d_0f00
    for (const clone of [() => x64(56, thread), () => x64(56, 17), () => arm64(220, thread)])
      expect(clone()).toBe(allow)
    for (const flag of [0x0002_0000, 0x1000_0000, 0x4000_0000, 0x0200_0000]) {
      expect(x64(56, flag | 17)).toBe(notPermitted)
      expect(x64(272, flag)).toBe(notPermitted)
      expect(arm64(97, flag)).toBe(notPermitted)
    }
    expect(x64(272, 0x400)).toBe(allow)
    expect(x64(435)).toBe(noSuchCall)
  })

  it('refuses input into a terminal, not other requests to it', () => {
    expect(x64(16, 0, 0x5412)).toBe(notPermitted)
    expect(x64(16, 0, 0x5413)).toBe(allow)
    expect(arm64(29, 0, 0x541c)).toBe(notPermitted)
  })

  it('refuses calls in the numbers of another architecture', () => {
    expect(judge(seccompFilter('x64')!, { architecture: 0x4000_0003, number: 0 })).toBe(notPermitted)
    expect(x64(0x4000_0000)).toBe(noSuchCall)
  })

  it('is absent where it knows no numbers', () => {
    expect(seccompFilter('riscv64')).toBeUndefined()
  })
})
