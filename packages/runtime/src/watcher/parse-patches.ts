/** Options of `git diff` and `git log` that make the patches come in the one form that is read here. */
export const patchOptions = [
  '--patch',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--src-prefix=a/',
  '--dst-prefix=b/',
  '--find-renames',
  '--submodule=short',
  '--ignore-submodules=none',
  '--unified=3',
  '--inter-hunk-context=0',
  '-O/dev/null',
]

/**
 * Takes patches apart: path → its unified diff. A renamed file is told by its new path; a file that became a link has two
 * patches, which are told as one.
 */
export function parsePatches(text: string): Record<string, string> {
  const patches = new Map<string, string>()
  // Lines of content begin with a space, a sign or a bracket, so only a header begins like this.
  for (const patch of text.split(/^(?=diff --git )/m)) {
    if (!patch.startsWith('diff --git ')) continue
    const path = pathOf(patch)
    patches.set(path, (patches.get(path) ?? '') + patch)
  }
  return Object.fromEntries(patches)
}

function pathOf(patch: string): string {
  const hunks = patch.search(/^@@ /m)
  const header = (hunks === -1 ? patch : patch.slice(0, hunks)).split('\n')
  const told = (prefix: string) => header.find((line) => line.startsWith(prefix))?.slice(prefix.length)
  const renamed = told('rename to ') ?? told('copy to ')
  if (renamed !== undefined) return unquoted(renamed)
  for (const [prefix, side] of [
    ['+++ ', 'b/'],
    ['--- ', 'a/'],
  ] as const) {
    // A name with a space is followed by a tab.
    const name = unquoted((told(prefix) ?? '/dev/null').replace(/\t$/, ''))
    if (name.startsWith(side)) return name.slice(side.length)
  }
  return pathOfBoth(header[0]!.slice('diff --git '.length))
}

/** Of `a/x b/x`, where both are the same. */
function pathOfBoth(both: string): string {
  const half = both.slice((both.length + 1) / 2)
  return unquoted(half).slice('b/'.length)
}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** A name as git writes it: in quotes, with escapes, when it has unusual characters. */
function unquoted(name: string): string {
  if (!/^".*"$/.test(name)) return name
  const bytes: Buffer[] = []
  for (const [part, octal, letter] of name.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|[^\\]+/gu)) {
    if (octal !== undefined) bytes.push(Buffer.from([Number.parseInt(octal, 8)]))
    else bytes.push(Buffer.from(letter === undefined ? part : (escapes[letter] ?? letter)))
  }
  return Buffer.concat(bytes).toString('utf8')
}
