/** The variables of a dotenv file, and the numbers of the lines that are none. */
export type DotenvFile = { values: Record<string, string>; badLines: number[] }

export type ParseDotenvOptions = {
  /** What `${NAME}` means beside the names of the file. */
  environment?: Readonly<Record<string, string | undefined>>
  /** Whether the file wins over `environment` where both have a name. */
  fileWins?: boolean
}

const assignment =
  /^[^\S\n]*(?:export[^\S\n]+)?(?<name>'[^'\n]+'|[A-Za-z_][\w.-]*)[^\S\n]*(?:=[^\S\n]*(?:'(?<single>(?:\\.|[^'\\])*)'|"(?<double>(?:\\.|[^"\\])*)"|(?<bare>[^\n]*)))?/s
const blankOrComment = /^[^\S\n]*(?:#[^\n]*)?$/
const restOfLine = /^[^\S\n]*(?:#[^\n]*)?(?:\n|$)/
const reference = /\$\{(?<name>[^}:]*)(?::-(?<fallback>[^}]*))?\}/g
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', v: '\v', a: '\x07' }

/**
 * Reads `NAME=value` lines: `export` before the name, quotes (single: as it is, double: with escapes; both may span lines),
 * `# comments` (behind a bare value only after a blank, so that `a#b` stays whole) and `${NAME}`, `${NAME:-otherwise}`
 * in every value. A name without `=` is skipped.
 *
 * Node's own parser is not used: it cuts bare values at any `#`, which shortens passwords.
 */
export function parseDotenv(text: string, options: ParseDotenvOptions = {}): DotenvFile {
  const values: Record<string, string> = {}
  const badLines: number[] = []
  const source = text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')
  let position = 0
  while (position < source.length) {
    const end = source.indexOf('\n', position)
    const lineEnd = end === -1 ? source.length : end
    if (blankOrComment.test(source.slice(position, lineEnd))) {
      position = lineEnd + 1
      continue
    }
    const found = readAssignment(source.slice(position))
    if (!found) badLines.push(source.slice(0, position).split('\n').length)
    else if (found.value !== undefined) values[found.name] = expand(found.value, values, options)
    position = found ? position + found.length : lineEnd + 1
  }
  return { values, badLines }
}

function readAssignment(source: string): { name: string; value: string | undefined; length: number } | undefined {
  const match = assignment.exec(source)
  const groups = match?.groups
  if (!match || !groups?.['name']) return undefined
  const rest = restOfLine.exec(source.slice(match[0].length))
  if (!rest) return undefined
  return {
    name: groups['name'].replace(/^'(.*)'$/, '$1'),
    value: valueOf(groups),
    length: match[0].length + Math.max(rest[0].length, 1),
  }
}

function valueOf({ single, double, bare }: Record<string, string | undefined>): string | undefined {
  if (single !== undefined) return single.replace(/\\(['\\])/g, '$1')
  if (double !== undefined)
    return double.replace(/\\(.)/gs, (whole, letter: string) => escapes[letter] ?? unescaped(whole))
  return bare?.replace(/(?:^|\s+)#.*$/, '').trimEnd()
}

/** `\"`, `\\`, `\$`, `\'` lose their backslash; any other pair stays, as JSON in a value needs it. */
function unescaped(pair: string): string {
  return /^\\["'\\$]$/.test(pair) ? pair.slice(1) : pair
}

function expand(
  value: string,
  own: Record<string, string>,
  { environment = {}, fileWins = false }: ParseDotenvOptions,
) {
  return value.replace(reference, (_, name: string, fallback: string | undefined) => {
    const known = fileWins ? (own[name] ?? environment[name]) : (environment[name] ?? own[name])
    return known ?? fallback ?? ''
  })
}
