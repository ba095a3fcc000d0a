import { existsSync } from 'node:fs'
import path from 'node:path'
import { publishablePackages, type WorkspacePackage } from './workspace-packages.ts'

/** Every package says what it is, under which licence, and how to use it. */
export function checkPackageMetadata(): Promise<void> {
  const problems = publishablePackages().flatMap(metadataProblems)
  return problems.length === 0 ? Promise.resolve() : Promise.reject(new Error(problems.join('\n')))
}

function metadataProblems({ directory, folder, manifest }: WorkspacePackage): string[] {
  return [
    ...(manifest.description ? [] : [`${folder}: no description`]),
    ...(manifest.license === 'Apache-2.0' ? [] : [`${folder}: the licence is not Apache-2.0`]),
    ...(manifest.version ? [] : [`${folder}: no version`]),
    ...(existsSync(path.join(directory, 'README.md')) ? [] : [`${folder}: no README.md`]),
  ]
}
