import { randomInt } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { callerOf, type RuntimeUnderTest } from './runtime-under-test.ts'

type Diffs = { diffs: Record<string, string>; truncated: boolean }
type Entry = {
  commit: string
  author: string
  date: string
  message: string
  diff: Record<string, string>
  truncated?: true
}
type Logs = { logs: Entry[]; truncated: boolean }

/** Names that git writes in quotes, or that look like something else. */
const strangeNames = [
  'new\nline',
  'tab\there',
  'qu"ote',
  'back\\slash',
  'ünï cödé 😀',
  '-dash',
  ' lead',
  'a b/c d',
  '*?[x]',
]

/** The workspace watched with git. */
export function watcher(runtime: () => RuntimeUnderTest): void {
  const { send, post, put, shell, remove } = callerOf(runtime)

  describe('the git watcher', () => {
    // Others may share the machine's folder.
    const kept = `/tmp/kept-git-${randomInt(1e9)}`
    const commit = async (message?: string) => {
      const response = await post('/watcher/commit_changes', message === undefined ? {} : { commit_message: message })
      const answer = (await response.json()) as { commit: string; detail?: string }
      expect([response.status, answer.detail]).toEqual([200, undefined])
      return answer.commit
    }
    const diff = async (from?: string | null, to?: string | null) => {
      const response = await post('/watcher/generate_diff', { commit_a: from, commit_b: to })
      return { status: response.status, ...((await response.json()) as Diffs & { detail?: string }) }
    }
    const logs = async (query = '') => (await (await send(`/watcher/git_logs${query}`)).json()) as Logs
    const git = async (command: string) => (await shell(`git ${command}`)).content[0]!.text.trim()

    const running = async (command: string) => {
      const pattern = `[${command[0]}]${command.slice(1)}`
      return git(`--version >/dev/null; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -o '${pattern}'`)
    }

    beforeAll(async () => {
      await put('kept.txt', 'kept\n')
      await commit('everything before')
    })

    it('commits everything, and says what it committed', async () => {
      await put('notes.txt', 'one\ntwo\n')
      const response = await post('/watcher/commit_changes', { commit_message: 'Add notes\n\n# and more ünï' })
      const answer = (await response.json()) as { commit: string; message: string }
      expect(answer).toEqual({
        commit: expect.stringMatching(/^[0-9a-f]{40}$/),
        message: 'Add notes\n\n# and more ünï',
      })
      expect(await git('rev-parse HEAD')).toBe(answer.commit)
      expect(await git('status --porcelain')).toBe('')
      const [entry] = (await logs()).logs
      expect(entry).toMatchObject({ ...answer, author: 'User', date: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) })
      expect(Object.keys(entry!.diff)).toEqual(['notes.txt'])
      expect(entry!.diff['notes.txt']).toContain('\n+one\n+two\n')
    })

    it('commits also when nothing changed', async () => {
      const before = await commit()
      const after = await commit()
      expect(after).not.toBe(before)
      const [last] = (await logs('?limit=1')).logs
      expect(last).toMatchObject({ commit: after, message: 'Automated commit', diff: {} })
    })

    it('tells what changed in the workspace, the right way round, and changes nothing', async () => {
      await put('notes.txt', 'one\nthree\n')
      await put('new.txt', 'new\n')
      const before = await git('status --porcelain')
      for (const nothing of [undefined, null, '']) {
        const { diffs, truncated } = await diff(nothing, nothing)
        expect(Object.keys(diffs).toSorted()).toEqual(['new.txt', 'notes.txt'])
        expect(diffs['notes.txt']).toContain('\n one\n-two\n+three\n')
        expect(diffs['new.txt']).toContain('\n+new\n')
        expect(truncated).toBe(false)
      }
      expect(await git('status --porcelain')).toBe(before)
    })

    it('tells what changed from one commit to another', async () => {
      const before = await git('rev-parse HEAD')
      const after = await commit('more')
      expect((await diff(before, after)).diffs['notes.txt']).toContain('\n-two\n+three\n')
      expect((await diff(after, before)).diffs['notes.txt']).toContain('\n-three\n+two\n')
      expect((await diff('HEAD~1', 'HEAD')).diffs['new.txt']).toContain('\n+new\n')
      expect((await diff('HEAD', 'HEAD')).diffs).toEqual({})
    })

    it('tells removed, renamed, empty, binary and changed-over files', async () => {
      await shell('seq 100 > long; printf "\\0\\1\\2" > binary; echo x > becomes-link')
      await commit('before')
      await shell('mv long renamed; printf "\\0\\3" > binary; rm new.txt; touch empty; ln -sf notes.txt becomes-link')
      const { diffs } = await diff()
      expect(Object.keys(diffs).toSorted()).toEqual(['becomes-link', 'binary', 'empty', 'new.txt', 'renamed'])
      expect(diffs['binary']).toContain('Binary files a/binary and b/binary differ')
      expect(diffs['new.txt']).toContain('\n-new\n')
      expect(diffs['renamed']).toContain('rename from long')
      expect(diffs['empty']).toContain('new file mode 100644')
      expect(diffs['becomes-link']).toMatch(/deleted file mode 100644[^]*new file mode 120000/)
      await commit('after')
    })

    it('tells names as they are, whatever is in them', async () => {
      for (const name of strangeNames) await put(name, 'x\n')
      await shell('printf "\\377\\376 text\\n" > not-utf8; : > "empty \\"strange\\" one"')
      const { diffs } = await diff()
      const names = [...strangeNames, 'not-utf8', 'empty "strange" one']
      expect(Object.keys(diffs).toSorted()).toEqual(names.toSorted())
      expect(diffs['not-utf8']).toContain('\uFFFD')
      await commit('strange names')
      expect(Object.keys((await logs('?limit=1')).logs[0]!.diff).toSorted()).toEqual(names.toSorted())
      for (const name of names) await remove(name)
      await commit('tidied')
    })

    it('tells the log newest first, a part of it', async () => {
      const messages = async (query: string) => (await logs(query)).logs.map(({ message }) => message)
      expect(await messages('?limit=2')).toEqual(['tidied', 'strange names'])
      expect(await messages('?limit=1&skip=1')).toEqual(['strange names'])
      const { logs: all } = await logs('?limit=1000')
      expect(all.at(-1)!.diff).not.toEqual({})
      expect((await logs('?skip=1000000')).logs).toEqual([])
    })

    it('makes a repository where there is none', async () => {
      await shell(`mv .git ${kept}`)
      await put('first.txt', 'first\n')
      expect(await logs()).toEqual({ logs: [], truncated: false })
      expect((await diff()).diffs['first.txt']).toContain('\n+first\n')
      expect((await diff('HEAD', 'HEAD')).status).not.toBe(200)
      expect((await shell('test -e .git || echo none')).content[0]!.text).toBe('none\n')
      await commit('a beginning')
      const { logs: all } = await logs()
      expect(all).toHaveLength(1)
      expect(all[0]!.diff['first.txt']).toContain('\n+first\n')
      await shell(`rm -rf .git first.txt; mv ${kept} .git`)
    })

    it('tells a repository without a commit as one where everything is new', async () => {
      await shell(`mv .git ${kept}; git init -q`)
      expect(await logs()).toEqual({ logs: [], truncated: false })
      expect((await diff()).diffs['kept.txt']).toContain('\n+kept\n')
      expect((await diff('HEAD', 'HEAD')).status).toBe(404)
      await shell(`rm -rf .git; mv ${kept} .git`)
    })

    it('works where no branch is checked out', async () => {
      const branch = await git('symbolic-ref --short HEAD')
      await shell('git checkout --detach -q')
      await put('detached.txt', 'x\n')
      expect(Object.keys((await diff()).diffs)).toEqual(['detached.txt'])
      const detached = await commit('detached')
      expect((await logs('?limit=1')).logs[0]).toMatchObject({ commit: detached })
      await shell(`git branch -f ${branch} HEAD; git checkout -q ${branch}`)
    })

    it('tells a repository within as its commit, and takes content for nothing else', async () => {
      await shell('git init -q within; git init -q unborn; echo x > unborn/x')
      await shell('cd within; git -c user.name=a -c user.email=a@b commit -q --allow-empty -m first')
      await put(
        'pretends.txt',
        'x\rdiff --git a/evil b/evil\r@@ -1 +1 @@\u2028diff --git a/worse b/worse\ndiff --git a/a b/a\n',
      )
      const { diffs } = await diff()
      expect(Object.keys(diffs).toSorted()).toEqual(['pretends.txt', 'within'])
      expect(diffs['within']).toMatch(/\n\+Subproject commit [0-9a-f]{40}\n/)
      expect(diffs['pretends.txt']).toContain('\n+diff --git a/a b/a\n')
      await commit('within')
      expect(Object.keys((await logs('?limit=1')).logs[0]!.diff).toSorted()).toEqual(['pretends.txt', 'within'])
      await shell('rm -rf unborn within pretends.txt')
      await commit('without')
    })

    it('ends git, and what it started, when the caller goes away', async () => {
      const nap = `sleep ${randomInt(100_000, 999_999)}`
      await shell(
        `git config filter.slow.clean "${nap}"; echo "slow.txt filter=slow" > .gitattributes; echo x > slow.txt`,
      )
      const controller = new AbortController()
      const pending = post('/watcher/commit_changes', {}, { signal: controller.signal })
      await expect.poll(() => running(nap), { timeout: 5_000 }).not.toBe('')
      controller.abort()
      await expect(pending).rejects.toThrow()
      await expect.poll(() => running(nap), { timeout: 5_000 }).toBe('')
      await shell('rm .gitattributes slow.txt; git config --unset filter.slow.clean')
      await commit('after one that was ended')
    })

    it('does one thing at a time, however many ask', async () => {
      const commits = await Promise.all(Array.from({ length: 5 }, (_, index) => commit(`at once ${index}`)))
      expect(new Set(commits).size).toBe(5)
    })

    it('leaves out what is too much, and says so', async () => {
      await shell('seq 2000000 > huge; head -c 40000000 /dev/zero | tr "\\0" x > larger; echo after > z-after')
      const told = await diff()
      expect(told.truncated).toBe(true)
      expect(told.diffs['huge']).toMatch(/^\+1\n[^]*\n\\ \[… \d+ bytes left out …\]\n$/m)
      expect(told.diffs['huge']!.length).toBeLessThan(2_000_000)
      expect(told.diffs['larger']).toContain('Binary files /dev/null and b/larger differ')
      expect(told.diffs['z-after']).toContain('\n+after\n')
      await commit('too much')
      const { logs: entries, truncated } = await logs('?limit=2')
      expect([truncated, entries[0]!.truncated, entries[1]!.truncated]).toEqual([true, true, undefined])
      expect(entries[0]!.diff).toEqual(told.diffs)
      await shell('rm huge larger z-after')
      await commit('less')
    })

    it('runs nothing that the repository asks for, and is told who commits', async () => {
      await shell(
        [
          'mkdir -p .git/hooks; printf "#!/bin/sh\\ntouch hooked\\nexit 1\\n" > .git/hooks/pre-commit',
          'chmod +x .git/hooks/pre-commit; git config user.name "Ada Lovelace"; git config diff.external "touch external"',
          'git config color.ui always; git config diff.noprefix true; git config core.pager "touch paged"',
        ].join('; '),
      )
      await put('again.txt', 'again\n')
      expect((await diff()).diffs['again.txt']).toContain('\n+again\n')
      await commit('by somebody')
      expect((await logs('?limit=1')).logs[0]).toMatchObject({ author: 'Ada Lovelace', message: 'by somebody' })
      const left = await shell('ls hooked external paged 2>/dev/null; git config --unset user.name')
      expect(left.content[0]!.text).toBe('')
      await shell('git config --unset diff.external; git config --unset color.ui; git config --unset diff.noprefix')
    })

    it.each<[string, string, number]>([
      ['HEAD', '', 400],
      ['', 'HEAD', 400],
      ['HEAD', 'nothing', 404],
      ['--output=/tmp/pwned', 'HEAD', 404],
      ['HEAD', 'HEAD..HEAD~1', 404],
      ['HEAD', 'a\0b', 422],
      ['HEAD', '-', 404],
      ['HEAD', 'HEAD:kept.txt', 404],
      ['HEAD', 'x'.repeat(300), 422],
    ])('refuses a range from %j to %j', async (from, to, status) => {
      expect((await diff(from, to)).status).toBe(status)
    })

    it.each<[string, string | null, number]>([
      ['with NUL', 'a\0b', 422],
      ['of 80 KB', 'ü'.repeat(40_000), 422],
      ['that is null', null, 422],
      ['of 64 KiB', 'ü'.repeat(32 * 1024), 200],
      ['that is empty', '', 200],
      ['like an option', '--amend', 200],
    ])('answers a message %s', async (_, message, status) => {
      const response = await post('/watcher/commit_changes', { commit_message: message })
      expect(response.status).toBe(status)
      if (status === 200) expect((await logs('?limit=1')).logs[0]!.message === message).toBe(true)
    })

    it.each(['?limit=0', '?limit=1001', '?limit=x', '?skip=-1'])('refuses %s', async (query) => {
      expect((await send(`/watcher/git_logs${query}`)).status).toBe(422)
    })
  })
}
