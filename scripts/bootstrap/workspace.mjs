import { existsSync, readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the checkout. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/**
 * Folders of the workspace's packages, relative to the root, as pnpm-workspace.yaml names them.
 *
 * @param {string} directory
 * @returns {string[]}
 */
export function workspaceFolders(directory = root) {
  return workspacePatterns(readFileSync(path.join(directory, 'pnpm-workspace.yaml'), 'utf8'))
    .flatMap((pattern) => (pattern.endsWith('/*') ? childFolders(directory, pattern.slice(0, -2)) : [pattern]))
    .filter((folder) => existsSync(path.join(directory, folder, 'package.json')))
    .toSorted()
}

/**
 * The list under `packages:`. Enough of YAML for that file, which is ours.
 *
 * @param {string} yaml
 * @returns {string[]}
 */
export function workspacePatterns(yaml) {
  const lines = yaml.split('\n')
  const start = lines.indexOf('packages:') + 1
  const length = lines.slice(start).findIndex((line) => !/^\s+-\s/.test(line))
  return lines
    .slice(start, length === -1 ? undefined : start + length)
    .map((line) => line.replace(/^\s+-\s+/, '').trim())
}

/**
 * @param {string} directory
 * @param {string} parent
 */
function childFolders(directory, parent) {
  const absolute = path.join(directory, parent)
  if (!existsSync(absolute)) return []
  return readdirSync(absolute).map((name) => `${parent}/${name}`)
}

/**
 * @typedef {{ name?: string, packageManager?: string, scripts?: Record<string, string>, private?: boolean,
 *   dependencies?: Record<string, string>, devDependencies?: Record<string, string> }} Manifest
 */

/**
 * @param {string} folder relative to the root; '' for the root itself
 * @param {string} directory
 * @returns {Manifest}
 */
export function readManifest(folder, directory = root) {
  return JSON.parse(readFileSync(path.join(directory, folder, 'package.json'), 'utf8'))
}
