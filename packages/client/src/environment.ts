type EnvironmentGlobal = { process?: { env?: Record<string, string | undefined> } }

/** A variable of the process, where there is one (not in browsers and on some edge runtimes). */
export function environmentVariable(name: string): string | undefined {
  return (globalThis as EnvironmentGlobal).process?.env?.[name] || undefined
}
