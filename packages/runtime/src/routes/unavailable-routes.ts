import { Hono } from 'hono'
import { runtimeRoutes } from '@runtime-sandbox/protocol'
import { HttpProblem } from '../http/http-problem.ts'

/** Routes of the contract whose services this runtime does not have: it says so. */
export function unavailableRoutes(): Hono {
  const app = new Hono()
  const noWatcher = () => {
    throw new HttpProblem(501, 'this runtime does not watch the workspace with git')
  }
  app.post(runtimeRoutes.commitChanges.path, noWatcher)
  app.post(runtimeRoutes.generateDiff.path, noWatcher)
  app.get(runtimeRoutes.gitLogs.path, noWatcher)
  return app
}
