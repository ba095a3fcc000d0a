import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'

/**
 * @param {string} name
 * @param {string | undefined} searchPath
 * @returns {string | undefined} the first executable of that name on the search path
 */
export function findExecutable(name, searchPath = process.env['PATH']) {
  return (searchPath ?? '')
    .split(path.delimiter)
    .filter((directory) => path.isAbsolute(directory))
    .map((directory) => path.join(directory, name))
    .find(isExecutableFile)
}

/** @param {string} file */
export function isExecutableFile(file) {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
