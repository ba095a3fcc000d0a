import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { root } from '../bootstrap/workspace.mjs'
import { contextFiles, contextHash, defaultBaseImage, writeContext } from './build-context.mjs'

let folder: string
let runtimeFolder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'runtime-sandbox-context-'))
  runtimeFolder = path.join(folder, 'runtime')
  mkdirSync(runtimeFolder)
  writeFileSync(path.join(runtimeFolder, 'runtime.mjs'), 'serve()')
  writeFileSync(path.join(runtimeFolder, 'mcp-sdk.mjs'), 'speak()')
  writeFileSync(path.join(runtimeFolder, 'kernel_host.py'), 'run()')
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function certificate(): string {
  const file = path.join(folder, 'ca.pem')
  writeFileSync(file, 'certificate')
  return file
}

/** The hash of a context as it is written now. */
function hashOf({ certificates = [] as string[], baseImageId = 'sha256:1' } = {}): string {
  const context = mkdtempSync(path.join(folder, 'context-'))
  const files = contextFiles({ runtimeFolder, certificates })
  writeContext(files, context)
  return contextHash(files, context, baseImageId)
}

test('the context has all that the Dockerfile copies', () => {
  const context = path.join(folder, 'context')
  writeContext(contextFiles({ runtimeFolder, certificates: [certificate()] }), context)
  const dockerfile = readFileSync(path.join(root, 'images', 'base', 'Dockerfile'), 'utf8')
  const copied = [...dockerfile.matchAll(/^COPY (\S+) /gm)].map(([, source]) => source!.replace(/\/$/, ''))
  expect(readdirSync(context).toSorted()).toEqual(['Dockerfile', ...copied].toSorted())
  expect(readdirSync(path.join(context, 'ca-certificates'))).toEqual(['added-1.crt'])
  expect(statSync(path.join(context, 'start')).mode & 0o111).toBe(0o111)
})

test('without certificates their folder is there and empty', () => {
  const context = path.join(folder, 'context')
  writeContext(contextFiles({ runtimeFolder, certificates: [] }), context)
  expect(readdirSync(path.join(context, 'ca-certificates'))).toEqual([])
})

test('the hash stays as long as nothing changes', () => {
  expect(hashOf()).toBe(hashOf())
})

test('the hash changes with the runtime, the certificates and the base image', () => {
  const hashes = [hashOf(), hashOf({ certificates: [certificate()] }), hashOf({ baseImageId: 'sha256:2' })]
  writeFileSync(path.join(runtimeFolder, 'runtime.mjs'), 'serve(better)')
  hashes.push(hashOf())
  expect(new Set(hashes).size).toBe(4)
})

test('a runtime that was not built is named, with the command that builds it', () => {
  rmSync(path.join(runtimeFolder, 'runtime.mjs'))
  const context = path.join(folder, 'context')
  const files = contextFiles({ runtimeFolder, certificates: [] })
  expect(() => writeContext(files, context)).toThrow(/runtime\.mjs is missing: npm run bootstrap/)
})

test('the Dockerfile names a base image with the Node.js of the project', () => {
  const { devDependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  expect(defaultBaseImage()).toMatch(/^node:\d+-/)
  expect(defaultBaseImage()).toContain(`node:${devDependencies.node.split('.')[0]}-`)
})
