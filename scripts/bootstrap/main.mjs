import { build, isBuilt } from './build.mjs'
import { commands, usage } from './commands.mjs'
import { areDependenciesInstalled, installDependencies, projectNode } from './dependencies.mjs'
import { withFileLock } from './file-lock.mjs'
import { prepareLocalEngine } from './local-engine.mjs'
import { providePnpm, toolEnvironment } from './pnpm.mjs'
import { note } from './progress.mjs'
import { runProgram } from './run-program.mjs'
import { root } from './workspace.mjs'
import path from 'node:path'

/**
 * @param {string[]} argumentList a command and its arguments
 * @returns {Promise<number>} exit code: the program's own, 1 when the setup failed, 64 for a wrong call
 */
export async function main([name = '', ...rest]) {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) {
    process.stderr.write(usage())
    return name === '--help' ? 0 : 64
  }
  const stopListening = exitOnSignals()
  process.umask(0o022)
  try {
    const startedAt = performance.now()
    await prepareTree()
    const python = command.needsLocalEngine && wantsLocalEngine() ? await prepareLocalEngine() : undefined
    note(`ready in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
    stopListening()
    if (command.run === undefined) return 0
    const env = { ...(await programEnvironment(name)), ...(python === undefined ? {} : { LOCAL_PYTHON: python }) }
    return await runProgram(projectNode, [...command.run, ...rest], { cwd: root, env })
  } catch (error) {
    note(error instanceof Error ? error.message : String(error))
    return 1
  } finally {
    stopListening()
  }
}

/** Dependencies and build. One process at a time works on a checkout; the others wait and find it done. */
async function prepareTree() {
  if (areDependenciesInstalled() && isBuilt()) return
  const onWait = () => note('waiting for another setup of this checkout')
  const work = async () => {
    if (!areDependenciesInstalled()) await installDependencies()
    if (!isBuilt()) await build()
  }
  await withFileLock(path.join(root, '.cache', 'bootstrap.lock'), work, { onWait })
}

/** Whether the engine was not chosen to be another one. */
function wantsLocalEngine() {
  return ['auto', 'local', ''].includes(process.env['CONTAINER_DEPLOYMENT'] ?? 'auto')
}

/**
 * The server and the quickstart get the caller's environment; the tools also need pnpm.
 *
 * @param {string} name
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
async function programEnvironment(name) {
  const isTool = name === 'test' || name === 'check'
  const environment = toolEnvironment(isTool ? await providePnpm() : undefined)
  if (isTool) return environment
  return { ...process.env, PATH: environment['PATH'] }
}

/** Ends the process in the ordinary way on a signal, so that running steps are killed and locks are released. */
function exitOnSignals() {
  const onInterrupt = () => process.exit(130)
  const onTerminate = () => process.exit(143)
  process.on('SIGINT', onInterrupt)
  process.on('SIGTERM', onTerminate)
  return () => {
    process.off('SIGINT', onInterrupt)
    process.off('SIGTERM', onTerminate)
  }
}
