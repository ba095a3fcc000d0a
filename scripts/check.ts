// npm run check -- [name…]
//
// Everything about the code that is not a test. Every check runs, whatever the others say; with names, those alone.
import { allChecks } from './checks/all-checks.ts'
import { runChecks } from './checks/run-checks.ts'

const names = process.argv.slice(2)
const known = allChecks.map(({ name }) => name)
const unknown = names.filter((name) => !known.includes(name))

if (unknown.length > 0) {
  process.stderr.write(`No such check: ${unknown.join(', ')}. There are: ${known.join(', ')}.\n`)
  process.exitCode = 64
} else {
  const chosen = allChecks.filter(({ name }) => names.length === 0 || names.includes(name))
  const failed = await runChecks(chosen)
  process.exitCode = failed.length === 0 ? 0 : 1
}
