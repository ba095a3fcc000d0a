const oldestMajor = 20

/**
 * Ends the process with one clear sentence where this repository cannot work.
 *
 * @param {string} version of Node.js, as `v24.1.0`
 * @param {string} platform as `process.platform`
 */
export function requirePlatform(version = process.version, platform = process.platform) {
  const problem = platformProblem(version, platform)
  if (problem === undefined) return
  process.stderr.write(`${problem}\n`)
  process.exit(1)
}

/**
 * @param {string} version
 * @param {string} platform
 * @returns {string | undefined} why this machine will not do
 */
export function platformProblem(version, platform) {
  if (platform === 'win32') return 'Windows is not supported directly: use WSL 2.'
  if (Number(version.slice(1).split('.')[0]) >= oldestMajor) return undefined
  return `Node.js ${oldestMajor} or later is needed, this is ${version} (${process.execPath}). See https://nodejs.org.`
}
