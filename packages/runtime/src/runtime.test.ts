import { engineSuite, runtimeConformance } from '@runtime-sandbox/testkit'
import { pythonProblem, startRuntimeProcess } from './runtime-process.fixture.ts'

const { skip } = engineSuite('local', await pythonProblem())

runtimeConformance('the bundle on TCP', { skip, start: () => startRuntimeProcess('tcp') })
runtimeConformance('the bundle on a Unix socket', { skip, start: () => startRuntimeProcess('socket') })
