import path from 'node:path'
import { HttpProblem } from '../http/http-problem.ts'
import { failure, type Git, type GitMore } from './git.ts'

/** Absolute paths in the repository of the workspace. */
type Repository = { index: string; objects: string }

/** @returns undefined where there is none @throws HttpProblem when there is one that git cannot use */
export async function findRepository(git: Git): Promise<Repository | undefined> {
  const result = await git.try(['rev-parse', '--git-path', 'index', '--git-path', 'objects'])
  if (result.code !== 0 && /^fatal: not a git repository \(or any/m.test(result.stderr)) return undefined
  if (result.code !== 0) throw failure(result)
  const [index = '', objects = ''] = result.stdout.split('\n').map((name) => path.resolve(git.workspace, name))
  return { index, objects }
}

/** The full id of a commit. @throws HttpProblem 404 when there is none of that name */
export async function resolveCommit(git: Git, name: string): Promise<string> {
  const id = await findCommit(git, name)
  if (id === undefined) throw new HttpProblem(404, `commit ${JSON.stringify(name)} not found`)
  return id
}

/** @returns undefined when there is none of that name */
export async function findCommit(git: Git, name: string): Promise<string | undefined> {
  // With `--end-of-options` no name is taken for an option.
  const words = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`]
  const { code, stdout } = await git.try(words)
  return code === 0 ? stdout.trim() : undefined
}

/** Of a repository within git records the commit: as long as it has none, there is nothing to add, and that is no failure here. */
const nothingWithin = /^error: '.*' does not have a commit checked out$/

/** Adds everything in the workspace to the index. @throws HttpProblem when something cannot be added */
export async function addAll(git: Git, options: string[] = [], more: GitMore = {}): Promise<void> {
  const result = await git.run(['add', '--all', '--ignore-errors', ...options], { ...more, accept: [0, 1] })
  const errors = result.stderr.split('\n').filter((line) => /^(error|fatal):/.test(line))
  const harmless = errors.length > 0 && errors.every((line) => nothingWithin.test(line))
  if (result.code !== 0 && !harmless) throw failure(result)
}
