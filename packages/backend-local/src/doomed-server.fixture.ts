// A server that makes one sandbox with a long-running command in it, says so, and waits to be killed. Arguments: its state directory.
import { createLocalBackend } from './create-local-backend.ts'
import { testContext, testPython, testSpec } from './local-engine.fixture.ts'

const backend = createLocalBackend({ LOCAL_STATE_DIR: process.argv[2], ...testPython }, testContext())
const spec = testSpec({ name: 'doomed', labels: { doomed: 'yes' } })
const { id, url } = await backend.create(spec)
process.stdout.write(`${JSON.stringify({ id, url, token: spec.environment['SECRET_TOKEN'] })}\n`)
setInterval(() => {}, 60_000)
