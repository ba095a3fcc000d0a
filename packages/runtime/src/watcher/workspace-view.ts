import { constants } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Git } from './git.ts'
import { PatchCollector, patchOptions, type Patches } from './patch-collector.ts'
import { addAll, findRepository } from './repository.ts'

type Variables = Record<string, string>

/**
 * What changed in the workspace since the last commit, new files included; all that is in it, where there is no repository or no
 * commit. Works on a copy of the index, or on a repository elsewhere, and so leaves no trace in the workspace.
 */
export async function diffWorkspace(git: Git): Promise<Patches> {
  const folder = await mkdtemp(path.join(tmpdir(), 'watcher-'))
  try {
    const variables = await viewFrom(folder, git)
    await addAll(git, ['--intent-to-add'], { variables })
    const collector = new PatchCollector()
    const words = ['diff', ...patchOptions, await lastTree(git, variables), '--']
    await git.run(words, { variables, onOutput: (data) => collector.add(data) })
    const { diffs, truncated } = collector.end().get('')!
    return { diffs, truncated }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Variables by which git sees the workspace, and writes to `folder` alone. */
async function viewFrom(folder: string, git: Git): Promise<Variables> {
  const repository = await findRepository(git)
  if (!repository) {
    const elsewhere = { GIT_DIR: path.join(folder, 'repository'), GIT_WORK_TREE: git.workspace }
    await git.run(['init', '--quiet'], { variables: elsewhere })
    return elsewhere
  }
  const variables = {
    GIT_INDEX_FILE: path.join(folder, 'index'),
    GIT_OBJECT_DIRECTORY: path.join(folder, 'objects'),
    GIT_ALTERNATE_OBJECT_DIRECTORIES: JSON.stringify(repository.objects),
  }
  await mkdir(variables.GIT_OBJECT_DIRECTORY)
  await copyFile(repository.index, variables.GIT_INDEX_FILE, constants.COPYFILE_FICLONE).catch(unlessMissing)
  return variables
}

/** Without an index yet, everything is new. */
function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

/** The last commit; the empty tree before the first. */
async function lastTree(git: Git, variables: Variables): Promise<string> {
  const head = await git.try(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'], { variables })
  if (head.code === 0) return head.stdout.trim()
  const { stdout } = await git.run(['hash-object', '-t', 'tree', '--stdin'], { variables })
  return stdout.trim()
}
