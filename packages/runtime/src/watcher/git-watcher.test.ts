import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { childEnvironment } from '../process/child-environment.ts'
import { PipeSupply } from '../process/pipe-supply.ts'
import { GitWatcher } from './git-watcher.ts'

const call = { timeoutMs: 20_000 }
const pipes = new PipeSupply(4)
let folder: string
let workspace: string

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'git-watcher-'))
  workspace = path.join(folder, 'workspace')
  await mkdir(workspace)
})
afterEach(() => rm(folder, { recursive: true }))
afterAll(() => pipes.close())

function watcher(variables: NodeJS.ProcessEnv = {}): GitWatcher {
  const environment = childEnvironment({ PATH: process.env['PATH'], HOME: folder, ...variables })
  return new GitWatcher({ cwd: workspace, environment, pipes })
}

const put = (name: string, text: string | Buffer) => writeFile(path.join(workspace, name), text)

async function git(...words: string[]): Promise<string> {
  const environment = { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1' }
  const { stdout } = await promisify(execFile)('git', words, { cwd: workspace, env: environment })
  return stdout.trim()
}

/** A program that git runs for each file that is added: says that it runs, and stays. */
async function slowFilter(): Promise<{ began: string; off: () => Promise<unknown> }> {
  const began = path.join(folder, 'began')
  await git('config', 'filter.slow.clean', `echo $$ > ${began}; exec sleep 900`)
  await put('.gitattributes', 'slow filter=slow\n')
  await put('slow', 'x\n')
  return { began, off: () => git('config', '--unset', 'filter.slow.clean') }
}

/** The process that wrote its number. */
async function processOf(file: string): Promise<number> {
  const read = () => readFile(file, 'utf8').catch(() => '')
  await expect.poll(read, { timeout: 10_000 }).toMatch(/\n$/)
  return Number(await read())
}

/** What a process runs; of one that ended, nothing, also when nobody has taken note of its end. */
const commandOf = (id: number) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')

describe('commits', () => {
  it('are by whoever is configured, if that is somebody', async () => {
    await watcher().commit('1', call)
    expect(await git('log', '--format=%an <%ae> %cn <%ce>')).toBe('User <user@example.com> User <user@example.com>')
    await git('config', 'user.name', 'Ada')
    await git('config', 'user.email', '')
    await watcher().commit('2', call)
    expect(await git('log', '-1', '--format=%an <%ae>')).toBe('Ada <user@example.com>')
    await watcher({ GIT_AUTHOR_NAME: 'Eve', GIT_COMMITTER_NAME: 'Eve' }).commit('3', call)
    expect(await git('log', '-1', '--format=%an %cn')).toBe('Eve Eve')
  })

  it('begin a repository of the workspace, whatever is above it', async () => {
    await promisify(execFile)('git', ['init', '-q', folder])
    await put('a', '1\n')
    const { commit } = await watcher().commit('first', call)
    expect(await git('rev-parse', '--show-toplevel')).toBe(workspace)
    expect(await git('symbolic-ref', '--short', 'HEAD')).toBe('main')
    expect(await git('log', '--format=%H')).toBe(commit)
    expect(await readdir(path.join(folder, '.git', 'refs', 'heads'))).toEqual([])
  })

  it('wait for a lock that somebody holds for a moment', async () => {
    await watcher().commit('first', call)
    const lock = path.join(workspace, '.git', 'index.lock')
    await writeFile(lock, '')
    setTimeout(() => void rm(lock), 250)
    await watcher().commit('second', call)
    expect(await git('log', '-1', '--format=%s')).toBe('second')
  })

  it('say what stands in the way when it stays', async () => {
    await watcher().commit('first', call)
    await writeFile(path.join(workspace, '.git', 'index.lock'), '')
    await expect(watcher().commit('second', call)).rejects.toMatchObject({
      status: 409,
      message: expect.stringMatching(/index\.lock': File exists/) as string,
    })
  })

  it.each(['time is up', 'caller went away'])('leave neither a process nor a lock when the %s', async (why) => {
    await watcher().commit('first', call)
    const { began, off } = await slowFilter()
    const caller = new AbortController()
    const limits = why === 'time is up' ? { timeoutMs: 600 } : { ...call, signal: caller.signal }
    const under = watcher()
    const pending = under.commit('slow', limits)
    const failed = pending.then(
      () => 'committed',
      (error: Error) => error.message,
    )
    const filter = await processOf(began)
    expect(await commandOf(filter)).not.toBe('')
    caller.abort()
    expect(await failed).toMatch(why === 'time is up' ? /took too long/ : /aborted/)
    await expect.poll(() => commandOf(filter)).toBe('')
    await off()
    await under.commit('second', call)
    expect(await git('log', '-1', '--format=%s')).toBe('second')
  })

  it('of many callers happen one after the other', async () => {
    const under = watcher()
    const commits = Array.from({ length: 8 }, async (_, index) => {
      await put(`file-${index}`, 'x\n')
      return (await under.commit(`${index}`, call)).commit
    })
    expect(new Set(await Promise.all(commits)).size).toBe(8)
    expect((await git('rev-list', '--count', 'HEAD')).trim()).toBe('8')
  })

  it('count the wait for others as their time, and begin nothing when it is over', async () => {
    await watcher().commit('first', call)
    const { off } = await slowFilter()
    const under = watcher()
    const slow = under.commit('slow', { timeoutMs: 400 })
    const late = under.log({ limit: 1, skip: 0 }, { timeoutMs: 100 })
    await Promise.all([expect(slow).rejects.toThrow(/too long/), expect(late).rejects.toThrow(/too long/)])
    await off()
  })
})

describe('looking at the workspace', () => {
  it('changes neither index nor objects, and leaves nothing behind', async () => {
    await put('a', '1\n')
    await watcher().commit('first', call)
    await put('a', '2\n')
    await put('staged', 'x\n')
    await git('add', 'staged')
    await put('new', Buffer.alloc(100_000, 1))
    const state = async () => [
      await readFile(path.join(workspace, '.git', 'index')),
      await git('count-objects', '-v'),
      await readdir(workspace),
      (await readdir(os.tmpdir())).filter((name) => name.startsWith('watcher-')).length,
    ]
    const before = await state()
    const { diffs } = await watcher().diffWorkspace(call)
    expect(Object.keys(diffs)).toEqual(['a', 'new', 'staged'])
    expect(await state()).toEqual(before)
  })

  it('makes no repository, and heeds what is to be ignored', async () => {
    await put('a', '1\n')
    await put('ignored', '1\n')
    await put('.gitignore', 'ignored\n')
    const { diffs } = await watcher().diffWorkspace(call)
    expect(Object.keys(diffs)).toEqual(['.gitignore', 'a'])
    expect(await readdir(workspace)).toEqual(['.gitignore', 'a', 'ignored'])
  })

  it('says what stands in the way of a repository that is broken', async () => {
    await put('.git', 'gitdir: /nowhere\n')
    for (const look of [watcher().diffWorkspace(call), watcher().log({ limit: 1, skip: 0 }, call)]) {
      await expect(look).rejects.toMatchObject({ status: 500, message: expect.stringMatching(/nowhere/) as string })
    }
    await expect(watcher().commit('x', call)).rejects.toThrow(/nowhere/)
  })

  it('tells a conflict as what is in the files', async () => {
    await put('f', 'base\n')
    await watcher().commit('base', call)
    await git('checkout', '-qb', 'other')
    await put('f', 'theirs\n')
    await watcher().commit('theirs', call)
    await git('checkout', '-q', 'main')
    await put('f', 'ours\n')
    await watcher().commit('ours', call)
    await git('-c', 'user.name=a', '-c', 'user.email=a', 'merge', 'other').catch(() => {})
    const { diffs } = await watcher().diffWorkspace(call)
    expect(diffs['f']).toMatch(/^\+<{7} HEAD\n ours\n\+={7}\n\+theirs\n\+>{7} other\n$/m)
    await watcher().commit('resolved', call)
    const { logs } = await watcher().log({ limit: 1, skip: 0 }, call)
    expect(Object.keys(logs[0]!.diff)).toEqual(['f'])
  })

  it('tells all of much that is small, and of a file of 10 MB the beginning', async () => {
    await put('a-large', 'line\n'.repeat(2_000_000))
    for (let index = 0; index < 300; index += 1) await put(`small-${index}`, `${index}\n`)
    const { diffs, truncated } = await watcher().diffWorkspace(call)
    expect([Object.keys(diffs).length, truncated]).toEqual([301, true])
    expect(diffs['a-large']).toMatch(/\n\\ \[… 1\d{7} bytes left out …\]\n$/)
    expect(diffs['small-299']).toContain('\n+299\n')
  })

  it.runIf(process.getuid?.() === 0)('works on what belongs to somebody else', async () => {
    await watcher().commit('first', call)
    await put('a', '1\n')
    for (const name of ['', '.git', 'a']) await chown(path.join(workspace, name), 12_345, 12_345)
    expect(Object.keys((await watcher().diffWorkspace(call)).diffs)).toEqual(['a'])
    await watcher().commit('second', call)
    expect((await watcher().log({ limit: 9, skip: 0 }, call)).logs).toHaveLength(2)
  })

  it('does not change with what is configured', async () => {
    await put('a', '1\n')
    await watcher().commit('first ü', call)
    const plain = await watcher().log({ limit: 9, skip: 0 }, call)
    const settings = {
      'log.showSignature': 'true',
      'gpg.program': 'touch signed',
      'i18n.logOutputEncoding': 'latin1',
      'diff.noprefix': 'true',
      'diff.relative': 'true',
      'diff.external': 'touch external',
      'color.ui': 'always',
      'core.fsmonitor': 'touch monitored',
      'core.pager': 'touch paged',
      'format.pretty': 'oneline',
      'log.diffMerges': 'off',
      'log.showRoot': 'false',
    }
    for (const [name, value] of Object.entries(settings)) await git('config', name, value)
    const variables = { GIT_DIR: '/nowhere', GIT_EXTERNAL_DIFF: 'false', GIT_DIFF_OPTS: '--unified=0', GIT_TRACE: '1' }
    expect(await watcher(variables).log({ limit: 9, skip: 0 }, call)).toEqual(plain)
    expect(await watcher(variables).diffWorkspace(call)).toEqual({ diffs: {}, truncated: false })
    expect(await readdir(workspace)).toEqual(['.git', 'a'])
  })
})

describe('the log', () => {
  it('needs a handful of processes, however long it is', async () => {
    for (let index = 0; index < 12; index += 1) {
      await put(`file-${index}`, 'x\n')
      await watcher().commit(`${index}`, call)
    }
    const counting = path.join(folder, 'counting')
    await mkdir(counting)
    await writeFile(path.join(counting, 'git'), `#!/bin/sh\necho x >> ${folder}/count\nPATH=$REAL exec git "$@"\n`)
    await chmod(path.join(counting, 'git'), 0o755)
    const real = process.env['PATH']!
    const { logs } = await watcher({ PATH: `${counting}:${real}`, REAL: real }).log({ limit: 50, skip: 0 }, call)
    expect(logs.map(({ message, diff }) => [message, Object.keys(diff)])).toEqual(
      Array.from({ length: 12 }, (_, index) => [`${11 - index}`, [`file-${11 - index}`]]),
    )
    expect((await readFile(path.join(folder, 'count'), 'utf8')).length / 2).toBeLessThanOrEqual(4)
  })

  it('is told in parts when there is too much, and goes on behind each', async () => {
    for (let index = 0; index < 6; index += 1) {
      const files = Array.from({ length: 4 }, (_, file) => put(`file-${file}`, `${index} ${'x'.repeat(900_000)}\n`))
      await Promise.all(files)
      await watcher().commit(`${index}`, call)
    }
    const messages: string[] = []
    for (let parts = 0; messages.length < 6 && parts < 6; parts += 1) {
      const part = await watcher().log({ limit: 50, skip: messages.length }, call)
      expect(part.logs.length).toBeGreaterThan(0)
      expect(part.truncated).toBe(true)
      messages.push(...part.logs.map(({ message }) => message))
    }
    expect(messages).toEqual(['5', '4', '3', '2', '1', '0'])
  })
})

describe('without git', () => {
  it('says so', async () => {
    const missing = { status: 501, message: 'git is not installed in this sandbox' }
    await expect(watcher({ PATH: '/nowhere' }).commit('x', call)).rejects.toMatchObject(missing)
  })
})
