import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Path of the bundled in-sandbox server; undefined when it is not installed or not built. */
export function runtimeEntry(): string | undefined {
  try {
    const path = fileURLToPath(import.meta.resolve('@runtime-sandbox/runtime/bundle'))
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}
