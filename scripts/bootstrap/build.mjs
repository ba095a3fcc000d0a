import { existsSync } from 'node:fs'
import path from 'node:path'
import { dependenciesKey } from './dependencies.mjs'
import { providePnpm, toolEnvironment } from './pnpm.mjs'
import { step } from './progress.mjs'
import { runCommand } from './run-command.mjs'
import { hashInputs, isStamped, listFiles, writeStamp } from './stamp.mjs'
import { readManifest, root, workspaceFolders } from './workspace.mjs'

const stampFile = path.join(root, 'node_modules', '.bootstrap', 'build')
const rootInputs = ['turbo.json', 'tsconfig.base.json', 'tsconfig.build.json']

/** @param {string} [directory] @returns {string} changes with everything that the build reads */
export function buildKey(directory = root) {
  const isRead = (/** @type {string} */ name) => !/\.test\.[a-z]+$|\.md$/.test(name)
  const sources = buildableFolders(directory).flatMap((folder) => listFiles(directory, folder, isRead))
  return hashInputs(directory, [...rootInputs, ...sources], [dependenciesKey(directory)])
}

/** @param {string} directory @returns {string[]} folders of the packages that have a build script */
function buildableFolders(directory) {
  return workspaceFolders(directory).filter(
    (folder) => readManifest(folder, directory).scripts?.['build'] !== undefined,
  )
}

export function isBuilt() {
  const isComplete = buildableFolders(root).every((folder) => existsSync(path.join(root, folder, 'dist')))
  return isComplete && isStamped(stampFile, buildKey())
}

export async function build() {
  const pnpm = await providePnpm()
  const key = buildKey()
  await step('building', () =>
    runCommand(path.join(root, 'node_modules', '.bin', 'turbo'), ['run', 'build', '--output-logs=errors-only'], {
      cwd: root,
      env: toolEnvironment(pnpm),
    }),
  )
  writeStamp(stampFile, key)
}
