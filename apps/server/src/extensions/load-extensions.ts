import { importOperatorModule } from './import-operator-module.ts'

export type LoadExtensionsOptions = { directory: string }

/**
 * Imports the modules of --extension, in order; what they register is then in the registry of this process.
 *
 * @returns one line per module that could not be loaded
 */
export async function loadExtensions(
  names: readonly string[],
  { directory }: LoadExtensionsOptions,
): Promise<string[]> {
  const problems: string[] = []
  for (const name of names) {
    try {
      await importOperatorModule(name, directory)
    } catch (error) {
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
      problems.push(`--extension ${name}: cannot be loaded from ${directory}: ${reason}`)
    }
  }
  return problems
}
