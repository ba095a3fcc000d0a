import { Hono } from 'hono'
import { commitChangesBody, generateDiffBody, gitLogsQuery, runtimeRoutes } from '@runtime-sandbox/protocol'
import { HttpProblem } from '../http/http-problem.ts'
import { readJson, readQuery } from '../http/read-json.ts'
import type { GitWatcher } from '../watcher/git-watcher.ts'

export type WatcherRoutesOptions = { watcher: GitWatcher; defaultTimeoutMs: number }

/** Commits and differences of the workspace. A caller that goes away ends what it started. */
export function watcherRoutes({ watcher, defaultTimeoutMs: timeoutMs }: WatcherRoutesOptions): Hono {
  const app = new Hono()

  app.post(runtimeRoutes.commitChanges.path, async (context) => {
    const { commit_message: message } = await readJson(context, commitChangesBody)
    return context.json(await watcher.commit(message, { timeoutMs, signal: context.req.raw.signal }))
  })

  app.post(runtimeRoutes.generateDiff.path, async (context) => {
    const { commit_a: from, commit_b: to } = await readJson(context, generateDiffBody)
    const options = { timeoutMs, signal: context.req.raw.signal }
    if (!from && !to) return context.json(await watcher.diffWorkspace(options))
    if (!from || !to) throw new HttpProblem(400, 'Invalid commit range')
    return context.json(await watcher.diffCommits(from, to, options))
  })

  app.get(runtimeRoutes.gitLogs.path, async (context) => {
    const { limit, skip } = readQuery(context, gitLogsQuery)
    return context.json(await watcher.log({ limit, skip }, { timeoutMs, signal: context.req.raw.signal }))
  })
  return app
}
