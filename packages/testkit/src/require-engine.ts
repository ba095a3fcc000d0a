/**
 * Decides what happens to a suite whose engine may be missing. Locally it is skipped and the reason printed; when the
 * environment variable REQUIRE names the engine (`REQUIRE=docker,local`), a missing engine is a failure.
 *
 * @param engine name as in REQUIRE
 * @param reason why the engine cannot be used here; undefined when it can
 */
export function engineSuite(engine: string, reason: string | undefined): { skip: boolean } {
  if (reason === undefined) return { skip: false }
  const required = (process.env['REQUIRE'] ?? '').split(',').map((name) => name.trim())
  if (required.includes(engine)) throw new Error(`REQUIRE names ${engine}, but it cannot be used here: ${reason}`)
  process.stderr.write(`SKIPPED ${engine}: ${reason}\n`)
  return { skip: true }
}
