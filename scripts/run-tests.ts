// npm test -- [vitest arguments…]
//
// Runs every suite that this machine can run, names the engines whose suites were skipped and why, and ends with one
// line: `N passed, N failed[, N skipped]`. REQUIRE=docker,local,python-client turns a missing one into a failure. The three
// numbers also go into the file that TEST_RESULT_FILE names, if it does.
import { writeFileSync } from 'node:fs'
import { conclude, requiredNames } from './test-runner/conclude.ts'
import {
  type Engine,
  mayUseContainers,
  mayUsePythonClient,
  probeDocker,
  probeLocal,
  probePythonClient,
} from './test-runner/engines.ts'

import { runVitest } from './test-runner/run-vitest.ts'
import { countLine } from './test-runner/test-counts.ts'

// Images of the tests have a namespace of their own, so that they never pass for released ones.
const env = { RUNTIME_SANDBOX_IMAGE_NAMESPACE: 'runtime-sandbox-test', ...process.env }

const argumentList = process.argv.slice(2)
const engines: Engine[] = [await probeLocal(env), await probeDocker(env, mayUseContainers(argumentList))]
if (mayUsePythonClient(argumentList)) {
  const { interpreter = '', ...engine } = await probePythonClient()
  engines.push(engine)
  Object.assign(env, { PYTHON_CLIENT: interpreter, PYTHON_CLIENT_PROBLEM: engine.problem ?? '' })
}
for (const { name, problem } of engines) process.stderr.write(`Engine ${name}: ${problem ?? 'usable'}\n`)

const run = await runVitest(argumentList, { env })
const { counts, notes, exitCode } = conclude(run, engines, requiredNames(process.env['REQUIRE']))
process.exitCode = exitCode
const resultFile = process.env['TEST_RESULT_FILE']
if (resultFile) writeFileSync(resultFile, `${counts.passed} ${counts.failed} ${counts.skipped}\n`)
process.stdout.write(`\n${[...notes, countLine(counts)].join('\n')}\n`)
