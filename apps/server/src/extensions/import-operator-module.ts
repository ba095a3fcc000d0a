import { existsSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { installResolveHooks, operatorSpecifier } from './resolve-hooks.ts'

const transpiled = new Set(['.ts', '.mts', '.cts', '.tsx'])
const scripts = new Set([...transpiled, '.js', '.mjs', '.cjs', '.jsx'])

/**
 * Imports a module that the operator names: a path (absolute, or relative to `directory`), or else a package that is
 * installed there. TypeScript is transpiled, decorators included; types are not checked.
 *
 * @throws Error saying what is missing, or whatever the module throws
 */
export async function importOperatorModule(name: string, directory: string): Promise<Record<string, unknown>> {
  installResolveHooks()
  if (extname(name) === '.py') throw new Error('Python modules are not taken; write it in TypeScript or JavaScript')
  if (!isPath(name)) return (await import(operatorSpecifier(name, directory))) as Record<string, unknown>
  const file = resolve(directory, name)
  if (!existsSync(file)) throw new Error(`${file} does not exist`)
  const url = pathToFileURL(file).href
  if (!transpiled.has(extname(file))) return (await import(url)) as Record<string, unknown>
  const { tsImport } = await import('tsx/esm/api')
  return exportsOf((await tsImport(url, { parentURL: import.meta.url })) as Record<string, unknown>)
}

/** Beside no package.json that says `module`, TypeScript becomes CommonJS, and all its exports are behind `default`. */
function exportsOf(namespace: Record<string, unknown>): Record<string, unknown> {
  const inner = namespace['default']
  return typeof inner === 'object' && inner !== null && '__esModule' in inner ? { ...inner } : namespace
}

function isPath(name: string): boolean {
  return /^\.{0,2}[/\\]/.test(name) || /^[A-Za-z]:[/\\]/.test(name) || scripts.has(extname(name))
}
