import { engineSuite, runtimeConformance } from '@runtime-sandbox/testkit'
import { pythonProblem, startRuntimeProcess } from './runtime-process.fixture.ts'

const { skip: skipPython } = engineSuite('local', await pythonProblem())

runtimeConformance('the bundle on TCP', { skipPython, start: () => startRuntimeProcess({ listen: 'tcp' }) })
runtimeConformance('the bundle on a Unix socket', {
  skipPython,
  start: () => startRuntimeProcess({ listen: 'socket' }),
})
