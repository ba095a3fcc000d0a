/** What packages of one kind may depend on. */
type DependencyRule = {
  /** Packages of the kind, by name. */
  packages: RegExp
  /** Packages of this repository that they may use. */
  internal: RegExp
  /** Packages of others that they may use, or how many besides zod: an implementation has one vendor SDK. */
  external: readonly string[] | number | 'any'
  /** Its dependencies go into its build and are not installed with it. */
  isBundled?: boolean
}

const nothing = /^$/
const core = /^@runtime-sandbox\/core$/
const contracts = /^@runtime-sandbox\/(core|protocol)$/
// Everything but the apps, which nobody imports.
const anyLibrary = /^@runtime-sandbox\//

/** Dependencies point inward. The first rule that names a package holds for it. */
const dependencyRules: readonly DependencyRule[] = [
  { packages: /^@runtime-sandbox\/core$/, internal: nothing, external: ['zod'] },
  { packages: /^@runtime-sandbox\/protocol$/, internal: core, external: ['zod'] },
  { packages: /^@runtime-sandbox\/client$/, internal: contracts, external: [] },
  { packages: /^@runtime-sandbox\/manager$/, internal: contracts, external: ['undici', 'zod'] },
  {
    packages: /^@runtime-sandbox\/runtime$/,
    internal: contracts,
    external: ['@hono/node-server', '@modelcontextprotocol/sdk', 'busboy', 'hono', 'undici', 'zod'],
    isBundled: true,
  },
  { packages: /^@runtime-sandbox\/testkit$/, internal: contracts, external: ['fast-check', 'vitest'] },
  { packages: /^@runtime-sandbox\/(backend|state|storage)-[a-z]+$/, internal: core, external: 1 },
  { packages: /^@runtime-sandbox\/image-builder$/, internal: core, external: 1 },
  { packages: /^runtime-sandbox-[a-z]+$/, internal: anyLibrary, external: 'any' },
]

function ruleOf(packageName: string): DependencyRule | undefined {
  return dependencyRules.find(({ packages }) => packages.test(packageName))
}

/** Whether what a package uses goes into its build. */
export function isBundled(packageName: string): boolean {
  return ruleOf(packageName)?.isBundled ?? false
}

/**
 * What is wrong with the dependencies of a package.
 *
 * @param dependencies names of what is installed with it, or goes into its build
 */
export function directionProblems(packageName: string, dependencies: readonly string[]): string[] {
  const rule = ruleOf(packageName)
  if (rule === undefined) return [`${packageName}: no rule says what it may depend on`]
  const internal = dependencies.filter(isInternal)
  const external = dependencies.filter((name) => !isInternal(name))
  return [
    ...internal.filter((name) => !rule.internal.test(name)).map((name) => `${packageName} must not depend on ${name}`),
    ...externalProblems(packageName, rule, external),
  ]
}

function isInternal(name: string): boolean {
  return name.startsWith('@runtime-sandbox/') || name.startsWith('runtime-sandbox-')
}

function externalProblems(packageName: string, rule: DependencyRule, names: readonly string[]): string[] {
  const { external } = rule
  if (external === 'any') return []
  if (typeof external === 'number') {
    const vendors = names.filter((name) => name !== 'zod')
    if (vendors.length <= external) return []
    return [`${packageName} may have ${external} vendor dependency, not ${vendors.join(', ')}`]
  }
  return names
    .filter((name) => !external.includes(name))
    .map((name) => `${packageName} must not depend on ${name}; it may on ${external.join(', ') || 'nothing'}`)
}
