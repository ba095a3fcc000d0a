import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { findExecutable } from '../bootstrap/find-executable.mjs'
import { runCommand } from '../bootstrap/run-command.mjs'
import { root } from '../bootstrap/workspace.mjs'
import { docker } from './docker.mjs'
import { withTemporaryDirectory } from './temporary-directory.mjs'

// A base image for machines that reach no image registry: Debian made by debootstrap, with the project's own Node.js.

const suite = 'bookworm'
const npmVersion = '11.21.2'
const nodePackage = path.join(root, 'node_modules', 'node')
/** Where Debian and Ubuntu keep the certificates that the administrator added, as `*.crt`. */
const certificateFolder = '/usr/local/share/ca-certificates'

/** @returns {string} tag of the image; changes with everything that goes into it */
export function debianBaseImageReference() {
  const hash = createHash('sha256')
  for (const fact of [suite, process.arch, nodeVersion(), npmVersion]) hash.update(`${fact}\0`)
  for (const file of [fileURLToPath(import.meta.url), ...machineCertificates()]) hash.update(readFileSync(file))
  return `runtime-sandbox-debian-base:${hash.digest('hex').slice(0, 12)}`
}

/** @param {string} reference */
export async function createDebianBaseImage(reference) {
  const problem = missingForDebootstrap()
  if (problem !== undefined) throw new Error(`A Debian base image cannot be made here: ${problem}`)
  await withTemporaryDirectory('debian-base', async (directory) => {
    const tree = path.join(directory, 'root')
    // In a mount namespace of its own: what it mounts in the tree is gone with it, also when it is killed.
    const env = { ...process.env, PATH: searchPath() }
    await runCommand('unshare', ['--mount', 'debootstrap', ...debootstrapArguments(tree)], { env })
    await updatePackages(tree)
    await addNode(tree)
    await removeDispensables(tree)
    await importTree(tree, path.join(directory, 'root.tar'), reference)
  })
}

/** @returns {string | undefined} */
function missingForDebootstrap() {
  if (process.getuid?.() !== 0) return 'debootstrap needs root.'
  if (findExecutable('debootstrap', searchPath()) === undefined) {
    return 'debootstrap is missing; scripts/engines/install-engines.sh docker installs it.'
  }
  if (!existsSync(path.join(nodePackage, 'bin', 'node'))) {
    return 'the project is not set up; npm run bootstrap does that.'
  }
  return undefined
}

// debootstrap is in sbin, which not everyone's search path has.
function searchPath() {
  return `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`
}

/** @param {string} tree */
function debootstrapArguments(tree) {
  // Unsigned packages are refused also where Debian's keys are not installed.
  const options = ['--variant=minbase', '--force-check-gpg', '--include=ca-certificates']
  const mirror = process.env['DEBIAN_MIRROR']
  return [...options, suite, tree, ...(mirror ? [mirror] : [])]
}

/**
 * Brings the packages up to date, with the certificates and the security updates that debootstrap does not know of.
 *
 * @param {string} tree
 */
async function updatePackages(tree) {
  const sources = path.join(tree, 'etc', 'apt', 'sources.list')
  writeFileSync(sources, withUpdates(readFileSync(sources, 'utf8')))
  writeFileSync(path.join(tree, 'etc', 'dpkg', 'dpkg.cfg.d', 'slim'), slimRules)
  for (const file of machineCertificates()) {
    copyFileSync(file, path.join(tree, certificateFolder, path.basename(file)))
  }
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive', LANG: 'C.UTF-8' }
  await runCommand('/usr/sbin/chroot', [tree, 'update-ca-certificates'], { env })
  await runCommand('/usr/sbin/chroot', [tree, 'apt-get', 'update', '-q'], { env })
  await runCommand('/usr/sbin/chroot', [tree, 'apt-get', 'upgrade', '-q', '--yes'], { env })
  await runCommand('/usr/sbin/chroot', [tree, 'apt-get', 'clean'], { env })
}

/**
 * @param {string} sources one line, as debootstrap writes it: `deb <mirror> <suite> main`
 * @returns {string} with the suites of updates, which a Debian mirror keeps beside it
 */
export function withUpdates(sources) {
  const mirror = /^deb (\S+?)\/? /m.exec(sources)?.[1]
  if (mirror === undefined || !mirror.endsWith('/debian')) return sources
  return `${sources.trimEnd()}\ndeb ${mirror} ${suite}-updates main\ndeb ${mirror}-security ${suite}-security main\n`
}

/**
 * The binary is the one of the npm package `node`; npm comes from its own package.
 *
 * @param {string} tree
 */
async function addNode(tree) {
  const prefix = path.join(tree, 'usr', 'local')
  const binary = path.join(prefix, 'bin', 'node')
  mkdirSync(path.dirname(binary), { recursive: true })
  copyFileSync(path.join(nodePackage, 'bin', 'node'), binary)
  const options = ['--global', '--prefix', prefix, '--no-audit', '--no-fund', '--loglevel=error']
  await runCommand('npm', ['install', ...options, `npm@${npmVersion}`])
}

/** @returns {string} */
function nodeVersion() {
  const manifest = path.join(nodePackage, 'package.json')
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : ''
}

// The same that Debian's own slim images leave out, now and in every later installation.
const dispensables = ['doc', 'groff', 'info', 'linda', 'lintian', 'locale', 'man']
const slimRules = [
  ...dispensables.map((folder) => `path-exclude /usr/share/${folder}/*`),
  'path-include /usr/share/doc/*/copyright',
  '',
].join('\n')

/** @param {string} tree */
async function removeDispensables(tree) {
  const shared = path.join(tree, 'usr', 'share')
  await runCommand('find', [path.join(shared, 'doc'), '!', '-type', 'd', '!', '-name', 'copyright', '-delete'])
  for (const folder of dispensables.filter((name) => name !== 'doc')) emptyFolder(path.join(shared, folder))
  for (const folder of ['var/lib/apt/lists', 'var/cache/apt', 'var/log']) emptyFolder(path.join(tree, folder))
  for (const file of ['etc/resolv.conf', 'etc/hostname']) rmSync(path.join(tree, file), { force: true })
}

/** @param {string} folder */
function emptyFolder(folder) {
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) rmSync(path.join(folder, name), { recursive: true, force: true })
}

/**
 * @param {string} tree
 * @param {string} archive
 * @param {string} reference
 */
async function importTree(tree, archive, reference) {
  const excluded = ['dev', 'proc', 'sys'].map((folder) => `--exclude=./${folder}/*`)
  await runCommand('tar', ['-C', tree, '--numeric-owner', ...excluded, '-cf', archive, '.'])
  await docker(['import', '--change', 'CMD ["bash"]', archive, reference], { timeoutMs: 5 * 60_000 })
}

/** @returns {string[]} */
function machineCertificates() {
  if (!existsSync(certificateFolder)) return []
  return readdirSync(certificateFolder)
    .filter((name) => name.endsWith('.crt'))
    .toSorted()
    .map((name) => path.join(certificateFolder, name))
}
