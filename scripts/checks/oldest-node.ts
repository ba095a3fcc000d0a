import path from 'node:path'
import { cacheDirectory } from '../bootstrap/cache-directory.mjs'
import { findExecutable, isExecutableFile } from '../bootstrap/find-executable.mjs'
import { runCommand } from '../bootstrap/run-command.mjs'
import { root } from './workspace-packages.ts'

const oldestMajor = 20

/** The oldest Node.js on which the client must work: the machine's own when it is that one, else one from npm. */
export async function oldestNode(): Promise<string> {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => !folder.startsWith(root))
  const system = findExecutable('node', folders.join(path.delimiter))
  if (system !== undefined && (await isOldest(system))) return system
  const home = path.join(cacheDirectory(), `node-${oldestMajor}`)
  const own = path.join(home, 'node_modules', 'node', 'bin', 'node')
  if (!isExecutableFile(own)) {
    const options = ['--no-audit', '--no-fund', '--loglevel=error']
    await runCommand('npm', ['install', '--prefix', home, ...options, `node@${oldestMajor}`])
  }
  return own
}

async function isOldest(node: string): Promise<boolean> {
  return (await runCommand(node, ['--version'])).startsWith(`v${oldestMajor}.`)
}
