import { note } from './progress.mjs'
import { ipython, providePythonEnvironment } from './python-environment.mjs'
import { findPython, findSystemTools, missingPackages, provideSystemPackages } from './system-packages.mjs'

/**
 * Prepares the engine that needs no containers. What cannot be had is said, and is no failure: Docker may be there, and
 * many tests need neither.
 *
 * @returns {Promise<string | undefined>} the interpreter for its sandboxes, the value of LOCAL_PYTHON
 */
export async function prepareLocalEngine() {
  if (process.platform !== 'linux') {
    note('Sandboxes without Docker exist on Linux alone; here they need Docker.')
    return undefined
  }
  const missing = missingPackages(await findSystemTools())
  if (missing.length > 0) await provideSystemPackages(missing)
  if (process.env['LOCAL_PYTHON']) return process.env['LOCAL_PYTHON']
  const python = findPython()
  const { venv } = await findSystemTools()
  if (python === undefined || !venv) return undefined
  try {
    return await providePythonEnvironment(python, ipython)
  } catch (error) {
    note(
      `Python cells will not work in sandboxes without Docker: ${error instanceof Error ? error.message : String(error)}`,
    )
    return undefined
  }
}
