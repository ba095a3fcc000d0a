import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDirectory } from './cache-directory.mjs'
import { withFileLock } from './file-lock.mjs'
import { step } from './progress.mjs'
import { runCommand } from './run-command.mjs'

/**
 * @typedef {{ title: string, requirementsFile: string, listsAll: boolean }} EnvironmentContent what an environment is
 *   for, what goes into it, and whether that is all (else pip adds what it depends on)
 */

/** @type {EnvironmentContent} what Python cells in sandboxes of the local engine need */
export const ipython = {
  title: 'IPython',
  requirementsFile: fileURLToPath(new URL('python-requirements.txt', import.meta.url)),
  listsAll: false,
}

/** @type {EnvironmentContent} the Python client that the server has to serve, for its tests */
export const pythonClient = {
  title: "the original's client",
  requirementsFile: fileURLToPath(new URL('../../tests/python-client/requirements.txt', import.meta.url)),
  listsAll: true,
}

/**
 * A virtual environment outside the checkout, shared by all checkouts, one for each interpreter and set of requirements.
 *
 * @param {string} python the interpreter to build on
 * @param {EnvironmentContent} content
 * @returns {Promise<string>} the environment's interpreter
 */
export async function providePythonEnvironment(python, content) {
  const version = await runCommand(python, ['-I', '-c', 'import sys; print(sys.version)'], { timeoutMs: 20_000 })
  const key = environmentKey(python, version, readFileSync(content.requirementsFile, 'utf8'))
  const home = path.join(cacheDirectory(), 'python', key)
  const interpreter = path.join(home, 'bin', 'python')
  if (isComplete(home)) return interpreter
  await withFileLock(`${home}.lock`, async () => {
    if (!isComplete(home)) await createEnvironment(python, home, content)
  })
  return interpreter
}

/**
 * @param {string} python path of the interpreter
 * @param {string} version its own words for it
 * @param {string} requirements
 */
export function environmentKey(python, version, requirements) {
  const hash = createHash('sha256').update([python, version.trim(), requirements].join('\0')).digest('hex')
  return `${version.split(' ')[0]}-${hash.slice(0, 12)}`
}

/** @param {string} home */
function isComplete(home) {
  return existsSync(path.join(home, '.complete')) && existsSync(path.join(home, 'bin', 'python'))
}

/**
 * In place, since a virtual environment cannot be moved; what is not complete has no mark and is made anew.
 *
 * @param {string} python
 * @param {string} home
 * @param {EnvironmentContent} content
 */
async function createEnvironment(python, home, { title, requirementsFile, listsAll }) {
  await step(`creating a Python environment with ${title}`, async () => {
    rmSync(home, { recursive: true, force: true })
    mkdirSync(path.dirname(home), { recursive: true })
    // A caller's own virtual environment or path must not leak into this one.
    const { PYTHONHOME: _home, PYTHONPATH: _path, VIRTUAL_ENV: _environment, PIP_USER: _user, ...env } = process.env
    await runCommand(python, ['-I', '-m', 'venv', home], { env })
    const pip = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check']
    const packages = [...(listsAll ? ['--no-deps'] : []), '-r', requirementsFile]
    const options = { env: { ...env, PIP_ROOT_USER_ACTION: 'ignore' } }
    await runCommand(path.join(home, 'bin', 'python'), [...pip, ...packages], options)
    writeFileSync(path.join(home, '.complete'), '')
  })
}
