import { BoundedText } from './bounded-text.ts'
import { patchPath } from './patch-path.ts'

/** Options of `git diff` and `git log` that make the patches come in the one form that is read here. */
export const patchOptions = [
  '--patch',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--no-relative',
  '--src-prefix=a/',
  '--dst-prefix=b/',
  '--find-renames',
  '--submodule=short',
  // Looks at the commit of a repository within, and starts nothing in there.
  '--ignore-submodules=dirty',
  '--unified=3',
  '--inter-hunk-context=0',
  '-O/dev/null',
]

/** What begins a patch, and a group of patches: content lines begin with a space, a sign, a bracket or a backslash. */
export const patchBegin = 'diff --git '

export type Patches = {
  /** Path → unified diff. */
  diffs: Record<string, string>
  /** Something was left out. */
  truncated: boolean
}

export type PatchLimits = {
  /** Of one file; what is behind is left out, and the patch says so. */
  maxPatchBytes: number
  /** Of all; no more is taken then. */
  maxBytes: number
}

const separator = Buffer.from(`\n${patchBegin}`)
const defaultLimits: PatchLimits = { maxPatchBytes: 1024 * 1024, maxBytes: 8 * 1024 * 1024 }

/** Takes apart the patches that git prints, while it prints them, in bounded memory. */
export class PatchCollector {
  readonly #limits: PatchLimits
  readonly #patches: BoundedText[] = []
  // The first line begins like all others: after a line feed.
  #held: Buffer = Buffer.from('\n')
  #bytes = 0
  #full = false

  constructor(limits: PatchLimits = defaultLimits) {
    this.#limits = limits
  }

  /** @returns false when no more is taken */
  add(data: Buffer): boolean {
    if (this.#full) return false
    let rest: Buffer = Buffer.concat([this.#held, data])
    for (let at = rest.indexOf(separator); at >= 0 && !this.#full; at = rest.indexOf(separator)) {
      this.#take(rest.subarray(0, at + 1))
      this.#begin()
      rest = rest.subarray(at + separator.length)
    }
    const end = Math.max(0, rest.length - separator.length + 1)
    this.#take(rest.subarray(0, end))
    this.#held = rest.subarray(end)
    return !this.#full
  }

  /** Whether there was more than is taken. */
  get full(): boolean {
    return this.#full
  }

  /**
   * What was collected. A patch that consists of `mark` and a name begins the group of that name; what precedes the first is in the
   * group ''. A path that comes twice (a file that became a link) has both patches.
   */
  end(mark?: string): Map<string, Patches> {
    this.#take(this.#held)
    this.#held = Buffer.alloc(0)
    let group = emptyPatches()
    const groups = new Map([['', group]])
    for (const [index, patch] of this.#patches.entries()) {
      const { text } = patch
      const cut = this.#full && index === this.#patches.length - 1
      if (mark !== undefined && text.startsWith(mark)) {
        // What would follow is not known.
        if (cut) break
        groups.set(text.slice(mark.length).trim(), (group = emptyPatches()))
      } else addPatch(group, { text: patchBegin + text, droppedBytes: patch.droppedBytes, cut })
    }
    return groups
  }

  #begin(): void {
    this.#patches.push(new BoundedText(this.#limits.maxPatchBytes))
    // Also the smallest patch takes room.
    this.#count(patchBegin.length)
  }

  #take(data: Buffer): void {
    const patch = this.#patches.at(-1)
    if (!patch || this.#full) return
    const before = patch.keptBytes
    patch.add(data)
    this.#count(patch.keptBytes - before)
  }

  #count(bytes: number): void {
    this.#bytes += bytes
    this.#full = this.#bytes > this.#limits.maxBytes
  }
}

function emptyPatches(): Patches {
  // No prototype: a file may be called `__proto__`.
  return { diffs: Object.create(null) as Record<string, string>, truncated: false }
}

function addPatch(
  group: Patches,
  { text, droppedBytes, cut }: { text: string; droppedBytes: number; cut: boolean },
): void {
  const whole = !cut && droppedBytes === 0
  group.truncated ||= !whole
  // Without all of its header, the path of a patch is not known.
  if (cut && !text.includes('\n@@ ')) return
  const path = patchPath(text)
  const left = cut ? 'the rest is' : `${droppedBytes} bytes`
  const note = whole ? '' : `\n\\ [… ${left} left out …]\n`
  group.diffs[path] = (group.diffs[path] ?? '') + text + note
}
