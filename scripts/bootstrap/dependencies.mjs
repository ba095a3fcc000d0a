import { existsSync } from 'node:fs'
import path from 'node:path'
import { isExecutableFile } from './find-executable.mjs'
import { providePnpm, toolEnvironment } from './pnpm.mjs'
import { step } from './progress.mjs'
import { runCommand } from './run-command.mjs'
import { hashInputs, isStamped, writeStamp } from './stamp.mjs'
import { readManifest, root, workspaceFolders } from './workspace.mjs'

/** The project's own Node.js, a dependency like the others. */
export const projectNode = path.join(root, 'node_modules', '.bin', 'node')

// Inside node_modules: whoever deletes the one deletes the other.
const stampFile = path.join(root, 'node_modules', '.bootstrap', 'dependencies')

/** @returns {string} changes with everything that `pnpm install` looks at */
export function dependenciesKey(directory = root) {
  const manifests = workspaceFolders(directory).map((folder) => path.join(folder, 'package.json'))
  const files = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', '.npmrc', ...manifests]
  return hashInputs(directory, files, [process.platform, process.arch])
}

export function areDependenciesInstalled() {
  return isExecutableFile(projectNode) && isStamped(stampFile, dependenciesKey()) && areLinked()
}

/** Whether no package's own node_modules was deleted. */
function areLinked() {
  return workspaceFolders().every((folder) => {
    const { dependencies, devDependencies } = readManifest(folder)
    const isEmpty = Object.keys({ ...dependencies, ...devDependencies }).length === 0
    return isEmpty || existsSync(path.join(root, folder, 'node_modules'))
  })
}

export async function installDependencies() {
  const pnpm = await providePnpm()
  const key = dependenciesKey()
  await step('installing dependencies (the first time takes a minute)', async () => {
    await runCommand(path.join(pnpm, 'pnpm'), ['install', '--frozen-lockfile'], {
      cwd: root,
      // CI: nobody is there to be asked.
      env: { ...toolEnvironment(pnpm), CI: 'true' },
    })
    if (!isExecutableFile(projectNode)) throw new Error(`pnpm did not install Node.js at ${projectNode}.`)
  })
  writeStamp(stampFile, key)
}
