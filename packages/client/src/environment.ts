type EnvironmentGlobal = { process?: { env?: Record<string, string | undefined> } }

/** A variable of the process; undefined where there is none, or no right to read it (browsers, edge runtimes, Deno). */
export function environmentVariable(name: string): string | undefined {
  try {
    return (globalThis as EnvironmentGlobal).process?.env?.[name] || undefined
  } catch {
    return undefined
  }
}
