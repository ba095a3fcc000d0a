import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/**
 * Runs the program that was asked for in this terminal and resolves with its exit code, 128 + n when signal n ended it.
 * Signals are passed on; an interrupt typed at a terminal has reached the program already.
 *
 * @param {string} file
 * @param {string[]} argumentList
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} options
 * @returns {Promise<number>}
 */
export function runProgram(file, argumentList, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, argumentList, { ...options, stdio: 'inherit' })
    const forward = (/** @type {NodeJS.Signals} */ signal) => {
      if (signal === 'SIGINT' && process.stdin.isTTY) return
      child.kill(signal)
    }
    /** @type {NodeJS.Signals[]} */
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    for (const signal of signals) process.on(signal, forward)
    child.once('error', reject)
    child.once('close', (code, signal) => {
      for (const name of signals) process.off(name, forward)
      resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal])
    })
  })
}
