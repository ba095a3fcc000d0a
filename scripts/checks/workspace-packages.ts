import path from 'node:path'
import { readManifest, root, workspaceFolders } from '../bootstrap/workspace.mjs'

/** The parts of a package.json that the checks look at. */
export type Manifest = {
  name: string
  version?: string
  private?: boolean
  description?: string
  license?: string
  exports?: Record<string, unknown>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

/** A package of this repository. */
export type WorkspacePackage = {
  /** Absolute. */
  directory: string
  /** Relative to the root: `packages/core`. */
  folder: string
  manifest: Manifest
}

export { root }

/** The packages that users install. */
export function publishablePackages(): WorkspacePackage[] {
  return workspaceFolders()
    .map((folder) => ({ directory: path.join(root, folder), folder, manifest: readManifest(folder) as Manifest }))
    .filter(({ manifest }) => manifest.private !== true)
}

/** Names of what is installed with a package. */
export function runtimeDependencies(manifest: Manifest): string[] {
  return Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })
}
