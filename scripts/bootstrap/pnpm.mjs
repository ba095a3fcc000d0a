import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { cacheDirectory } from './cache-directory.mjs'
import { findExecutable } from './find-executable.mjs'
import { step } from './progress.mjs'
import { runCommand } from './run-command.mjs'
import { readManifest, root } from './workspace.mjs'

/**
 * Environment in which pnpm neither replaces itself by another version nor asks anything. (`NODE_ENV=production` would
 * leave out the tools.)
 *
 * @param {string} [pnpmDirectory] folder of the pnpm to use
 * @returns {NodeJS.ProcessEnv}
 */
export function toolEnvironment(pnpmDirectory) {
  const { NODE_ENV: _, ...environment } = process.env
  const folders = [path.join(root, 'node_modules', '.bin'), pnpmDirectory, environment['PATH']]
  return {
    ...environment,
    PATH: folders.filter(Boolean).join(path.delimiter),
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    DO_NOT_TRACK: '1',
  }
}

/**
 * The folder that holds the pinned pnpm: one on the search path when its version is right, else one of our own.
 *
 * @returns {Promise<string>}
 */
export async function providePnpm() {
  const version = pinnedVersion()
  const home = path.join(cacheDirectory(), 'pnpm', `${version}-${process.platform}-${process.arch}`)
  const own = path.join(home, 'node_modules', '.bin')
  if (existsSync(path.join(own, 'pnpm'))) return own
  const installed = findExecutable('pnpm')
  if (installed !== undefined && (await versionOf(installed)) === version) return path.dirname(installed)
  await step(`getting pnpm ${version}`, () => installPnpm(version, home))
  return own
}

function pinnedVersion() {
  const match = /^pnpm@([^+]+)/.exec(readManifest('').packageManager ?? '')
  if (match?.[1] === undefined) throw new Error('package.json does not pin pnpm in `packageManager`.')
  return match[1]
}

/**
 * Asked outside of any project, and with Corepack's downloads off, so that the answer is about what is there.
 *
 * @param {string} pnpm
 */
async function versionOf(pnpm) {
  const environment = { ...process.env, COREPACK_ENABLE_NETWORK: '0', pnpm_config_pm_on_fail: 'ignore' }
  try {
    return (await runCommand(pnpm, ['--version'], { cwd: tmpdir(), env: environment, timeoutMs: 10_000 })).trim()
  } catch {
    return undefined
  }
}

/**
 * Into a folder of its own, then moved into place: of two processes that do so at once, one wins and both are served.
 *
 * @param {string} version
 * @param {string} home
 */
async function installPnpm(version, home) {
  mkdirSync(path.dirname(home), { recursive: true })
  const staging = mkdtempSync(`${home}.`)
  try {
    const options = ['--no-save', '--no-audit', '--no-fund', '--loglevel=error', '--global=false']
    await runCommand('npm', ['install', '--prefix', staging, ...options, `pnpm@${version}`], { cwd: staging })
    renameSync(staging, home)
  } catch (error) {
    if (!existsSync(path.join(home, 'node_modules', '.bin', 'pnpm'))) throw error
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}
