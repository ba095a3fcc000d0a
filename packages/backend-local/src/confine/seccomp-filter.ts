// Numbers of asm/unistd_64.h and asm-generic/unistd.h. Calls that a sandbox has no use for and that reach parts of the kernel
// which are not divided by namespaces, or make new namespaces and mounts.
const x64 = {
  audit: 0xc000_003e,
  clone: 56,
  clone3: 435,
  ioctl: 16,
  unshare: 272,
  denied: [
    134, 135, 136, 139, 153, 155, 156, 159, 161, 163, 164, 165, 166, 167, 168, 169, 172, 173, 174, 175, 176, 178, 179,
    180, 212, 227, 246, 248, 249, 250, 256, 298, 303, 304, 305, 308, 312, 313, 320, 321, 323, 425, 426, 427, 428, 429,
    430, 431, 432, 433, 438, 442, 443,
  ],
}
const arm64 = {
  audit: 0xc000_00b7,
  clone: 220,
  clone3: 435,
  ioctl: 29,
  unshare: 97,
  denied: [
    18, 39, 40, 41, 51, 58, 60, 89, 92, 104, 105, 106, 112, 142, 170, 171, 217, 218, 219, 224, 225, 238, 241, 264, 265,
    266, 268, 272, 273, 280, 282, 294, 425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442, 443,
  ],
}
const tables: Partial<Record<string, typeof x64>> = { x64, arm64 }

/** Flags that ask for a new namespace: CGROUP, NS, UTS, IPC, USER, PID, NET, TIME. */
const namespaceFlags = 0x7e02_0080
/** Puts characters into a terminal's input. */
const terminalInput = [0x5412, 0x541c]

const loadWord = 0x20
const jumpEqual = 0x15
const jumpAtLeast = 0x35
const jumpAnySet = 0x45
const giveBack = 0x06

const allow = 0x7fff_0000
const refuse = 0x0005_0000 | 1 // EPERM
const unknownCall = 0x0005_0000 | 38 // ENOSYS, so that libraries fall back to older calls

type Step = { code: number; jumpTrue?: number; jumpFalse?: number; value: number }

const numberOffset = 0
const architectureOffset = 4
/** Low words of the first and second argument. */
const firstArgument = 16
const secondArgument = 24

/**
 * A program for bubblewrap's `--seccomp`, or undefined for an architecture that it has no table of.
 *
 * It refuses calls of another architecture and those of the table; `clone` and `unshare` pass without namespace flags, `clone3`,
 * whose flags a filter cannot see, does not exist.
 */
export function seccompFilter(architecture: string = process.arch): Buffer | undefined {
  const table = tables[architecture]
  if (!table) return undefined
  const steps: Step[] = [
    { code: loadWord, value: architectureOffset },
    { code: jumpEqual, jumpTrue: 1, value: table.audit },
    { code: giveBack, value: refuse },
    { code: loadWord, value: numberOffset },
    // The other numbering of x86-64 processors.
    ...when({ code: jumpAtLeast, value: 0x4000_0000 }, [{ code: giveBack, value: unknownCall }]),
    ...when({ code: jumpEqual, value: table.clone3 }, [{ code: giveBack, value: unknownCall }]),
    ...[table.clone, table.unshare].flatMap((call) => when({ code: jumpEqual, value: call }, ifNamespaces())),
    ...when({ code: jumpEqual, value: table.ioctl }, [
      { code: loadWord, value: secondArgument },
      ...terminalInput.flatMap((request) =>
        when({ code: jumpEqual, value: request }, [{ code: giveBack, value: refuse }]),
      ),
      { code: giveBack, value: allow },
    ]),
    ...table.denied.flatMap((call) => when({ code: jumpEqual, value: call }, [{ code: giveBack, value: refuse }])),
    { code: giveBack, value: allow },
  ]
  return encode(steps)
}

function ifNamespaces(): Step[] {
  return [
    { code: loadWord, value: firstArgument },
    ...when({ code: jumpAnySet, value: namespaceFlags }, [{ code: giveBack, value: refuse }]),
    { code: giveBack, value: allow },
  ]
}

/** `steps`, which end with an answer, if the test holds; else on after them. */
function when(test: Step, steps: Step[]): Step[] {
  return [{ ...test, jumpTrue: 0, jumpFalse: steps.length }, ...steps]
}

/** As the kernel's `struct sock_filter`, little-endian. */
function encode(steps: readonly Step[]): Buffer {
  const program = Buffer.alloc(steps.length * 8)
  steps.forEach(({ code, jumpTrue = 0, jumpFalse = 0, value }, index) => {
    program.writeUInt16LE(code, index * 8)
    program.writeUInt8(jumpTrue, index * 8 + 2)
    program.writeUInt8(jumpFalse, index * 8 + 3)
    program.writeUInt32LE(value, index * 8 + 4)
  })
  return program
}
