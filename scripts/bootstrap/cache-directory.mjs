import { homedir } from 'node:os'
import path from 'node:path'

/**
 * Where what is shared by all checkouts of a user lives. For root it is a place that every user can read: sandboxes run
 * as other users, and the Python that they run is kept there.
 *
 * @param {NodeJS.ProcessEnv} environment RUNTIME_SANDBOX_CACHE_DIR overrides the place
 * @param {boolean} isRoot
 */
export function cacheDirectory(environment = process.env, isRoot = process.getuid?.() === 0) {
  const chosen = environment['RUNTIME_SANDBOX_CACHE_DIR']
  if (chosen) return path.resolve(chosen)
  if (isRoot) return '/var/cache/runtime-sandbox'
  return path.join(environment['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), 'runtime-sandbox')
}
