import { expect, test } from 'vitest'
import { cacheDirectory } from './cache-directory.mjs'
import { platformProblem } from './platform.mjs'
import { CommandError, runCommand } from './run-command.mjs'
import { installCommand, missingPackages } from './system-packages.mjs'

const machine = (manager: string, isRoot = false) => ({ isRoot, hasManager: (name: string) => name === manager })

test('names the packages that are missing', () => {
  expect(missingPackages({ bubblewrap: true, git: true, python: true, venv: true })).toEqual([])
  expect(missingPackages({ bubblewrap: false, git: false, python: true, venv: false })).toEqual([
    'bubblewrap',
    'git',
    'python3-venv',
  ])
})

test('gives the command of the system at hand', () => {
  const packages = ['bubblewrap', 'python3', 'python3-venv']
  expect(installCommand(packages, machine('apt-get'))).toBe('sudo apt-get install -y bubblewrap python3 python3-venv')
  expect(installCommand(packages, machine('apt-get', true))).toBe('apt-get install -y bubblewrap python3 python3-venv')
  expect(installCommand(packages, machine('dnf'))).toBe('sudo dnf install -y bubblewrap python3')
  expect(installCommand(packages, machine('unknown'))).toBeUndefined()
})

test('refuses what it cannot work on, in a sentence', () => {
  expect(platformProblem('v20.0.0', 'linux')).toBeUndefined()
  expect(platformProblem('v26.1.0', 'darwin')).toBeUndefined()
  expect(platformProblem('v18.20.4', 'linux')).toContain('Node.js 20 or later is needed, this is v18.20.4')
  expect(platformProblem('v24.0.0', 'win32')).toContain('WSL 2')
})

test('keeps its cache where sandboxes of root can read it', () => {
  expect(cacheDirectory({}, true)).toBe('/var/cache/runtime-sandbox')
  expect(cacheDirectory({ XDG_CACHE_HOME: '/home/a/.c' }, false)).toBe('/home/a/.c/runtime-sandbox')
  expect(cacheDirectory({ RUNTIME_SANDBOX_CACHE_DIR: '/elsewhere' }, true)).toBe('/elsewhere')
})

test('a failing command shows all that it printed', async () => {
  await expect(runCommand('sh', ['-c', 'echo one; echo two >&2; exit 3'])).rejects.toThrow(
    /ended with exit code 3\n\none\ntwo\n/,
  )
  await expect(runCommand('no-such-command', [])).rejects.toBeInstanceOf(CommandError)
})

test('a command that takes too long is ended with its children', async () => {
  await expect(runCommand('sh', ['-c', 'sleep 600 & wait'], { timeoutMs: 50 })).rejects.toThrow(
    'took longer than 0.05 s',
  )
})
