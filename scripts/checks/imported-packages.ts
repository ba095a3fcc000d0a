// The formatter keeps statements at the beginning of a line and quotes single. What stands between the keyword and
// `from` is names, so that neither other statements nor comments match.
const statement = /^(?:import|export)\s+[\w$*{},\s]+?\s+from\s+'([^']+)'/gm
const sideEffect = /^import\s+'([^']+)'/gm
const dynamicImport = /^(?!\s*(?:\*|\/\/)).*\bimport\(\s*'([^']+)'/gm

/** Names of the packages that a source file imports, without Node's own and the file's neighbours. */
export function importedPackages(source: string): string[] {
  const specifiers = [statement, sideEffect, dynamicImport].flatMap((pattern) =>
    [...source.matchAll(pattern)].map((hit) => hit[1]),
  )
  const names = specifiers
    .filter((specifier) => specifier !== undefined)
    .filter((specifier) => !/^(?:\.|\/|#|node:)/.test(specifier))
    .map((specifier) =>
      specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/'),
    )
  return [...new Set(names)].toSorted()
}
