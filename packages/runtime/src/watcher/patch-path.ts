/** The path that a patch of git (`diff --git …`) is about; the new one of a file that was renamed. */
export function patchPath(patch: string): string {
  const header = headerOf(patch)
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

// Only a line feed ends a line: a carriage return, for one, is content.
function headerOf(patch: string): string[] {
  const hunks = patch.indexOf('\n@@ ')
  return (hunks === -1 ? patch : patch.slice(0, hunks)).split('\n')
}

/** Of `a/x b/x`, where both are the same. */
function pathOfBoth(both: string): string {
  const half = both.slice((both.length + 1) / 2)
  return unquoted(half).slice('b/'.length)
}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }

/** A name as git writes it: in quotes, with escapes, when it has unusual characters. */
function unquoted(name: string): string {
  if (!/^".*"$/s.test(name)) return name
  const bytes: Buffer[] = []
  for (const [part, octal, letter] of name.slice(1, -1).matchAll(/\\([0-7]{3})|\\(.)|[^\\]+/gsu)) {
    if (octal !== undefined) bytes.push(Buffer.from([Number.parseInt(octal, 8)]))
    else bytes.push(Buffer.from(letter === undefined ? part : (escapes[letter] ?? letter)))
  }
  return Buffer.concat(bytes).toString('utf8')
}
