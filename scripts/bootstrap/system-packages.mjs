import { isExecutableFile, findExecutable } from './find-executable.mjs'
import { note, step } from './progress.mjs'
import { runCommand } from './run-command.mjs'

/** @typedef {{ bubblewrap: boolean, git: boolean, python: boolean, venv: boolean }} SystemTools what of it is there */

/**
 * What the local engine needs from the system: bubblewrap, git (of which workspaces are repositories), and a Python that
 * can make virtual environments, which Debian splits off into python3-venv.
 *
 * @returns {Promise<SystemTools>}
 */
export async function findSystemTools() {
  const python = findPython()
  return {
    bubblewrap: findExecutable('bwrap') !== undefined,
    git: findExecutable('git') !== undefined,
    python: python !== undefined,
    venv: python !== undefined && (await canMakeVenv(python)),
  }
}

/** @returns {string | undefined} the system's own interpreter (which every sandbox sees), else one of the search path */
export function findPython() {
  return isExecutableFile('/usr/bin/python3') ? '/usr/bin/python3' : findExecutable('python3')
}

/** @param {string} python */
async function canMakeVenv(python) {
  try {
    await runCommand(python, ['-I', '-c', 'import ensurepip, venv'], { timeoutMs: 20_000 })
    return true
  } catch {
    return false
  }
}

/** @param {SystemTools} tools @returns {string[]} names of the packages that bring what is missing */
export function missingPackages(tools) {
  return [
    ...(tools.bubblewrap ? [] : ['bubblewrap']),
    ...(tools.git ? [] : ['git']),
    ...(tools.python ? [] : ['python3']),
    ...(tools.venv ? [] : ['python3-venv']),
  ]
}

// Outside the Debian family, venv comes with Python.
const installCommands = [
  { manager: 'apt-get', command: 'apt-get install -y', hasVenvPackage: true },
  { manager: 'dnf', command: 'dnf install -y', hasVenvPackage: false },
  { manager: 'zypper', command: 'zypper install -y', hasVenvPackage: false },
  { manager: 'pacman', command: 'pacman -S --noconfirm', hasVenvPackage: false },
  { manager: 'apk', command: 'apk add', hasVenvPackage: false },
]

/**
 * @param {string[]} packages Debian's names
 * @param {{ isRoot: boolean, hasManager: (name: string) => boolean }} machine
 * @returns {string | undefined} the command that installs them here
 */
export function installCommand(packages, machine) {
  const found = installCommands.find(({ manager }) => machine.hasManager(manager))
  if (found === undefined) return undefined
  const names = found.hasVenvPackage ? packages : [...new Set(packages.map((name) => name.replace(/-venv$/, '')))]
  return `${machine.isRoot ? '' : 'sudo '}${found.command} ${names.join(' ')}`
}

/**
 * Installs what is missing when it may (root, and apt is there); otherwise says which command does. Never throws: what
 * runs on a container engine needs none of this.
 *
 * @param {string[]} packages
 */
export async function provideSystemPackages(packages) {
  const isRoot = process.getuid?.() === 0
  const hasManager = (/** @type {string} */ name) => findExecutable(name) !== undefined
  const command = installCommand(packages, { isRoot, hasManager })
  if (isRoot && hasManager('apt-get')) {
    try {
      await step(`installing system packages for sandboxes without Docker: ${packages.join(' ')}`, () =>
        aptInstall(packages),
      )
      return
    } catch (error) {
      note(error instanceof Error ? error.message : String(error))
    }
  }
  const how = command === undefined ? `install ${packages.join(', ')}` : `run: ${command}`
  note(`Sandboxes without Docker need ${packages.join(', ')}. To have them, ${how}`)
}

/** @param {string[]} packages */
async function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // Another apt may be at work, as on a machine that has just been started.
  const options = ['-o', 'DPkg::Lock::Timeout=120', '-q']
  await runCommand('apt-get', [...options, 'update'], { env })
  await runCommand('apt-get', [...options, 'install', '-y', '--no-install-recommends', ...packages], { env })
}
