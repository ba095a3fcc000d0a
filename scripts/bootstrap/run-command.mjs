import { spawn } from 'node:child_process'

/** @type {Set<number>} process groups of running commands: they end with this process */
const runningGroups = new Set()
process.once('exit', () => runningGroups.forEach(killProcessGroup))

/** A command that could not be started, failed or took too long. Its message carries everything that it printed. */
export class CommandError extends Error {
  /**
   * @param {string} commandLine
   * @param {string} outcome
   * @param {string} output
   */
  constructor(commandLine, outcome, output) {
    super(`${commandLine}: ${outcome}${output.trim() === '' ? '' : `\n\n${output.trimEnd()}\n`}`)
    this.name = 'CommandError'
  }
}

/**
 * Runs a command without a terminal and resolves with what it printed (both streams, in order of arrival).
 *
 * @param {string} file
 * @param {string[]} argumentList
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * @returns {Promise<string>}
 * @throws {CommandError}
 */
export function runCommand(file, argumentList, options = {}) {
  const { timeoutMs = 15 * 60_000, ...spawnOptions } = options
  const commandLine = [file, ...argumentList].join(' ')
  return new Promise((resolve, reject) => {
    // Its own process group, so that a timeout ends its children as well.
    const child = spawn(file, argumentList, { ...spawnOptions, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    /** @type {Buffer[]} */
    const chunks = []
    let timedOut = false
    if (child.pid !== undefined) runningGroups.add(child.pid)
    const timer = setTimeout(() => {
      timedOut = true
      killProcessGroup(child.pid)
    }, timeoutMs)
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.stderr.on('data', (chunk) => chunks.push(chunk))
    const settle = (/** @type {string | undefined} */ outcome) => {
      clearTimeout(timer)
      if (child.pid !== undefined) runningGroups.delete(child.pid)
      const output = Buffer.concat(chunks).toString()
      if (outcome === undefined) resolve(output)
      else reject(new CommandError(commandLine, outcome, output))
    }
    child.once('error', (error) => settle(error.message))
    child.once('close', (code, signal) => {
      if (timedOut) settle(`took longer than ${timeoutMs / 1000} s`)
      else settle(code === 0 ? undefined : `ended with ${signal ?? `exit code ${code}`}`)
    })
  })
}

/** @param {number | undefined} pid */
function killProcessGroup(pid) {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The group has ended already.
  }
}
