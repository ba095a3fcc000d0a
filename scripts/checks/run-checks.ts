/** One thing that must hold. */
export type Check = {
  name: string
  /** Throws an error whose message is all that the reader needs to put it right. */
  run: () => Promise<void>
}

/** Runs the checks one after the other, a line each, and returns the names of those that failed. */
export async function runChecks(
  checks: readonly Check[],
  print: (line: string) => void = (line) => process.stdout.write(`${line}\n`),
): Promise<string[]> {
  const failed: string[] = []
  for (const check of checks) {
    const startedAt = performance.now()
    const problem = await problemOf(check)
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    print(`${problem === undefined ? 'ok    ' : 'failed'} ${check.name} (${seconds} s)`)
    if (problem === undefined) continue
    failed.push(check.name)
    print(`${problem.trimEnd().replaceAll(/^/gm, '       ')}\n`)
  }
  print(failed.length === 0 ? `All ${checks.length} checks hold.` : `Failed checks: ${failed.join(', ')}`)
  return failed
}

async function problemOf(check: Check): Promise<string | undefined> {
  try {
    await check.run()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
