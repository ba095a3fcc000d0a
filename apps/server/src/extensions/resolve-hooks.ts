import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const scheme = 'operator:'
/** Packages that an extension may import though nothing is installed beside it: the server's own copies. */
const lent: Readonly<Record<string, () => string>> = {
  '@runtime-sandbox/client': () => import.meta.resolve('@runtime-sandbox/client'),
  '@runtime-sandbox/core': () => import.meta.resolve('@runtime-sandbox/core'),
  zod: () => import.meta.resolve('zod'),
}

/** Of `import`, and of `require`. */
const notFound: ReadonlySet<string | undefined> = new Set(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])

let installed = false

/** What to import to get the package `name` as it resolves in `directory`. Needs the hooks. */
export function operatorSpecifier(name: string, directory: string): string {
  return `${scheme}${encodeURIComponent(pathToFileURL(join(directory, 'package.json')).href)}!${name}`
}

/**
 * Teaches this process two things: to resolve a package from another directory than that of the importing file, and to give
 * an extension the server's own copy of what is lent when it does not find one beside itself. Idempotent.
 */
export function installResolveHooks(): void {
  if (installed) return
  installed = true
  registerHooks({
    resolve(specifier, context, nextResolve) {
      if (specifier.startsWith(scheme)) {
        const separator = specifier.indexOf('!')
        const parentURL = decodeURIComponent(specifier.slice(scheme.length, separator))
        return nextResolve(specifier.slice(separator + 1), { ...context, parentURL })
      }
      const lend = lent[specifier]
      if (!lend) return nextResolve(specifier, context)
      try {
        return nextResolve(specifier, context)
      } catch (error) {
        if (!notFound.has((error as NodeJS.ErrnoException).code)) throw error
        // Not through nextResolve: for `require` it does not heed another parent.
        return { url: lend(), shortCircuit: true }
      }
    },
  })
}
