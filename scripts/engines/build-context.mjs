import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { hashInputs } from '../bootstrap/stamp.mjs'
import { root } from '../bootstrap/workspace.mjs'

const imageFolder = path.join(root, 'images', 'base')

/** @typedef {{ target: string, source: string }} ContextFile `target` is relative to the context */

/**
 * The files that the Dockerfile of the base image copies. A small context: the checkout is not sent to the engine.
 *
 * @param {{ runtimeFolder: string, certificates: string[] }} options the built runtime; files with CA certificates
 * @returns {ContextFile[]}
 */
export function contextFiles({ runtimeFolder, certificates }) {
  const own = ['Dockerfile', 'start', 'workspace.gitignore'].map((name) => file(name, path.join(imageFolder, name)))
  const requirements = path.join(root, 'scripts', 'bootstrap', 'python-requirements.txt')
  const runtime = ['runtime.mjs', 'mcp-sdk.mjs', 'kernel_host.py'].map((name) =>
    file(`runtime/${name}`, path.join(runtimeFolder, name)),
  )
  const trusted = certificates.map((source, index) => file(`ca-certificates/added-${index + 1}.crt`, source))
  return [...own, file('python-requirements.txt', requirements), ...runtime, ...trusted]
}

/**
 * @param {string} target
 * @param {string} source
 * @returns {ContextFile}
 */
function file(target, source) {
  return { target, source }
}

/**
 * @param {ContextFile[]} files
 * @param {string} directory
 * @throws when a file is missing, before anything is copied
 */
export function writeContext(files, directory) {
  for (const { source } of files) {
    if (!existsSync(source)) throw new Error(`${source} is missing${source.includes('runtime') ? hint : ''}`)
  }
  mkdirSync(path.join(directory, 'ca-certificates'), { recursive: true })
  for (const { target, source } of files) {
    mkdirSync(path.dirname(path.join(directory, target)), { recursive: true })
    copyFileSync(source, path.join(directory, target))
  }
}

const hint = ': npm run bootstrap builds the runtime.'

/**
 * @param {ContextFile[]} files
 * @param {string} directory with the files of the context
 * @param {string} baseImageId
 * @returns {string} changes with everything that the image is made of
 */
export function contextHash(files, directory, baseImageId) {
  const targets = files.map(({ target }) => target)
  return hashInputs(directory, targets, [`base image ${baseImageId}`])
}

/** @returns {string} the base image that the Dockerfile names */
export function defaultBaseImage() {
  const text = readFileSync(path.join(imageFolder, 'Dockerfile'), 'utf8')
  const found = /^ARG BASE_IMAGE=(\S+)$/m.exec(text)?.[1]
  if (found === undefined) throw new Error('The Dockerfile of the base image has no default for BASE_IMAGE.')
  return found
}
