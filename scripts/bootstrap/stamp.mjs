import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'

// A stamp is a file that holds the hash of the inputs of a step that succeeded: as long as the inputs hash to the same,
// the step need not run again.

/**
 * @param {string} root
 * @param {string[]} files relative to root; one that is missing counts as such
 * @param {string[]} [facts] whatever else the step depends on
 * @returns {string} changes with any file's name or content, and with any fact
 */
export function hashInputs(root, files, facts = []) {
  const hash = createHash('sha256')
  for (const fact of facts) hash.update(`fact ${fact}\0`)
  for (const file of files.toSorted()) {
    const content = readIfThere(path.join(root, file))
    hash.update(content === undefined ? `missing ${file}\0` : `file ${file} ${content.length}\0`)
    if (content !== undefined) hash.update(content)
  }
  return hash.digest('hex')
}

// What others made; never an input.
const generatedFolders = new Set(['node_modules', 'dist', '.turbo', '.cache', 'coverage', '__pycache__'])

/**
 * @param {string} root
 * @param {string} folder relative to root
 * @param {(name: string) => boolean} isWanted by the file's base name
 * @returns {string[]} files below the folder, relative to root, without what is generated; none when it is missing
 */
export function listFiles(root, folder, isWanted) {
  /** @type {string[]} */
  const found = []
  for (const entry of readFolder(path.join(root, folder))) {
    const relative = path.join(folder, entry.name)
    if (entry.isDirectory()) {
      if (!generatedFolders.has(entry.name)) found.push(...listFiles(root, relative, isWanted))
    } else if (isWanted(entry.name)) found.push(relative)
  }
  return found
}

/** @param {string} stampFile @param {string} key */
export function isStamped(stampFile, key) {
  return readIfThere(stampFile)?.toString() === key
}

/** @param {string} stampFile @param {string} key */
export function writeStamp(stampFile, key) {
  mkdirSync(path.dirname(stampFile), { recursive: true })
  const temporary = `${stampFile}.${process.pid}`
  writeFileSync(temporary, key)
  renameSync(temporary, stampFile)
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}

/** @param {string} folder */
function readFolder(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}
