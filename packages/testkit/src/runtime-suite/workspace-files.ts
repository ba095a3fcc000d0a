import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { callerOf, type RuntimeUnderTest } from './runtime-under-test.ts'

type Entry = { path: string; name: string; type: string; size: number | null; mtime_ms: number }

export function workspaceFiles(runtime: () => RuntimeUnderTest): void {
  const { put, get, remove, post, shell } = callerOf(runtime)
  const host = (...parts: string[]) => path.join(runtime().workspace.hostPath, ...parts)
  const inside = (...parts: string[]) => path.join(runtime().workspace.path, ...parts)
  const read = (name: string, format = 'bytes') => get('file', { path: name, format })
  const json = async <Value>(response: Promise<Response>) => (await (await response).json()) as Value

  describe('workspace files', () => {
    beforeEach(async () => {
      expect((await remove('')).status).toBe(204)
      expect(await readdir(host())).toEqual([])
    })

    it('writes and reads, making folders', async () => {
      const response = await put('deep/er/a.txt', 'hello\r\nworld\n')
      expect(response.status).toBe(200)
      const entry = (await response.json()) as Entry
      expect(entry).toMatchObject({ path: inside('deep/er/a.txt'), name: 'a.txt', type: 'file', size: 13 })
      expect(Math.abs(entry.mtime_ms - Date.now())).toBeLessThan(60_000)
      const text = await read('deep/er/a.txt', 'text')
      expect(text.headers.get('content-type')).toBe('text/plain; charset=utf-8')
      expect(await text.text()).toBe('hello\r\nworld\n')
      const bytes = await read(inside('deep/er/a.txt'))
      expect(bytes.headers.get('content-type')).toBe('application/octet-stream')
      expect(await bytes.text()).toBe('hello\r\nworld\n')
    })

    it('keeps a mark at the beginning, and refuses text that is none', async () => {
      await put('bom', new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))
      expect(new Uint8Array(await (await read('bom', 'text')).arrayBuffer())).toHaveLength(4)
      await put('binary', new Uint8Array([0xff, 0x00]))
      expect((await read('binary', 'text')).status).toBe(422)
      expect(new Uint8Array(await (await read('binary')).arrayBuffer())).toEqual(new Uint8Array([0xff, 0x00]))
    })

    it('takes empty files, odd names and folders in the way', async () => {
      for (const name of ['empty', '-dash', 'ü ñ', 'a\nb', 'per%20cent', '...']) {
        expect((await put(name, '')).status, name).toBe(200)
        expect(await (await read(name)).text(), name).toBe('')
      }
      await post('/workspace/mkdir', { path: 'folder' })
      const conflict = await put('folder', 'x')
      expect(conflict.status).toBe(409)
      expect(await conflict.json()).toEqual({ detail: 'path exists and is a directory' })
      expect((await put('empty/below', 'x')).status).toBe(409)
    })

    it('answers 404 for what is not there, and for what is no file', async () => {
      for (const name of ['nothing', '']) {
        const response = await read(name)
        expect(response.status).toBe(404)
        expect(await response.json()).toEqual({ detail: 'not found' })
      }
      await shell('mkfifo pipe')
      expect((await read('pipe')).status).toBe(404)
      expect((await get('file', { path: 'x', format: 'hex' })).status).toBe(422)
      expect((await get('file', {})).status).toBe(422)
    })

    it('leaves the old file when an upload breaks off', async () => {
      await put('kept', 'old')
      const broken = new ReadableStream<Uint8Array>({
        pull(controller) {
          controller.enqueue(new Uint8Array(1024 * 1024))
          setTimeout(() => controller.error(new Error('broken')), 50)
        },
      })
      const init = {
        method: 'PUT',
        body: broken,
        duplex: 'half',
        headers: { authorization: `Bearer ${runtime().token}` },
      }
      await expect(runtime().fetch('/workspace/file?path=kept', init as RequestInit)).rejects.toThrow()
      expect(await (await read('kept')).text()).toBe('old')
      await expect.poll(async () => readdir(host())).toEqual(['kept'])
    })

    it('keeps the mode of a file that is written again', async () => {
      await shell('echo old > script; chmod 750 script')
      await put('script', 'new')
      expect((await shell('stat -c %a script')).content[0]!.text).toBe('750\n')
    })

    it('lists flat, level by level', async () => {
      await shell('mkdir -p d/e/f; touch d/1 d/e/2 d/e/f/3; ln -s e d/link; ln -s nowhere d/dangling; ln -s 1 d/file')
      const names = async (depth?: number) =>
        (await json<Entry[]>(get('list', { path: 'd', ...(depth && { depth: String(depth) }) })))
          .map((entry) => entry.name)
          .toSorted()
      expect(await names()).toEqual(['1', 'e', 'file', 'link'])
      expect(await names(2)).toEqual(['1', '2', 'e', 'f', 'file', 'link'])
      expect(await names(9)).toEqual(['1', '2', '3', 'e', 'f', 'file', 'link'])
      const entries = await json<Entry[]>(get('list', { path: 'd' }))
      expect(entries.find(({ name }) => name === 'e')).toMatchObject({ type: 'dir', size: null, path: inside('d/e') })
      expect(entries.find(({ name }) => name === 'link')).toMatchObject({ type: 'dir' })
      expect(entries.find(({ name }) => name === 'file')).toMatchObject({ type: 'file', size: 1 })
      expect((await get('list', { path: 'd/1' })).status).toBe(404)
      for (const depth of ['0', '-1', 'x']) expect((await get('list', { path: 'd', depth })).status, depth).toBe(422)
    })

    it('removes files, links and folders; nothing there is success', async () => {
      await shell('mkdir -p d/e; touch d/e/f; touch target; ln -s target link')
      expect((await remove('d')).status).toBe(204)
      expect((await remove('d')).status).toBe(204)
      expect((await remove('link')).status).toBe(204)
      expect(await readdir(host())).toEqual(['target'])
    })

    it('moves', async () => {
      await shell('echo 1 > a; echo 2 > b; mkdir -p full/x empty')
      const move = (source: string, destination: string) => post('/workspace/move', { source, destination })
      expect(await json<Entry>(move('a', 'new/c'))).toMatchObject({ path: inside('new/c'), type: 'file', size: 2 })
      expect((await move('b', 'new/c')).status).toBe(200)
      expect(await readFile(host('new/c'), 'utf8')).toBe('2\n')
      expect((await move('empty', 'full')).status).toBe(409)
      expect((await move('full', 'full/x/y')).status).toBe(409)
      const missing = await move('nothing', 'x')
      expect([missing.status, await missing.json()]).toEqual([404, { detail: 'source not found' }])
      expect((await move('', 'x')).status).toBe(400)
      expect((await post('/workspace/move', { source: 'a' })).status).toBe(422)
    })

    it('makes folders', async () => {
      const make = (name: string) => post('/workspace/mkdir', { path: name })
      expect(await json(make('x/y'))).toEqual({ created: true })
      expect(await json(make('x/y'))).toEqual({ created: false })
      await put('file', '')
      const conflict = await make('file')
      expect([conflict.status, await conflict.json()]).toEqual([409, { detail: 'path exists and is not a directory' }])
      expect((await make('')).status).toBe(400)
      expect((await post('/workspace/mkdir', {}, { body: '{' })).status).toBe(400)
    })

    it('tells what exists', async () => {
      await put('there', '')
      expect(await json(get('exists', { path: 'there' }))).toEqual({ exists: true })
      expect(await json(get('exists', { path: 'not' }))).toEqual({ exists: false })
      expect(await json(get('exists', { path: 'there/not' }))).toEqual({ exists: false })
    })

    it('shows and removes names that are not UTF-8', async () => {
      await shell('mkdir d; touch d/"$(printf \'x\\377\')" "$(printf \'y\\377\')"')
      const entries = await json<Entry[]>(get('list', { path: '', depth: '2' }))
      expect(entries.map(({ name }) => name).toSorted()).toEqual(['d', 'x\ufffd', 'y\ufffd'])
      expect((await remove('')).status).toBe(204)
      expect(await readdir(host())).toEqual([])
    })

    it('refuses NUL bytes and names that are too long', async () => {
      expect((await put('a\0b', 'x')).status).toBe(422)
      expect((await put('n'.repeat(300), 'x')).status).toBe(422)
      expect((await put('n/'.repeat(3000), 'x')).status).toBe(422)
    })
  })

  describe('the fence around the workspace', () => {
    const secret = 'nobody may read this'
    let secretFolder: string
    const detail = () => `Permission error. Access restricted to ${runtime().workspace.path} directory.`

    beforeAll(async () => {
      secretFolder = await mkdtemp(path.join(tmpdir(), 'outside-'))
      await writeFile(path.join(secretFolder, 'secret'), secret)
      await symlink(secretFolder, host('to-secret'))
      await symlink('..', host('up'))
      await symlink('/etc', host('to-etc'))
      await symlink('/etc/hostname', host('to-file'))
      await symlink('to-etc', host('to-link'))
      await symlink('/etc/made-by-test', host('dangling-out'))
      await mkdir(host('real'))
      await symlink('real', host('to-real'))
    })
    afterAll(async () => {
      await rm(secretFolder, { recursive: true, force: true })
    })

    const escapes = [
      '../x',
      '/etc/hostname',
      'real/../../x',
      'to-etc/hostname',
      'to-file',
      'to-link/hostname',
      'to-secret/secret',
      'up/secret',
      'dangling-out',
    ]

    it.each(escapes)('refuses %s on every route', async (name) => {
      const answers = [
        await read(name),
        await put(name, 'x'),
        await get('list', { path: name }),
        await get('exists', { path: name }),
        await post('/workspace/mkdir', { path: `${name}/sub` }),
        await post('/workspace/move', { source: 'real', destination: `${name}/sub` }),
        await remove(`${name}/sub`),
      ]
      for (const response of answers) {
        expect(response.status).toBe(403)
        expect(await response.json()).toEqual({ detail: detail() })
      }
    })

    it('takes a folder whose name merely begins like the workspace for outside', async () => {
      const response = await put(`${runtime().workspace.path}-evil/x`, 'x')
      expect([response.status, await response.json()]).toEqual([403, { detail: detail() }])
    })

    it('follows links that stay inside', async () => {
      expect((await put('to-real/file', 'x')).status).toBe(200)
      expect(await readFile(host('real/file'), 'utf8')).toBe('x')
    })

    it('moves and removes a link itself, wherever it leads', async () => {
      await symlink('/etc', host('spare'))
      expect((await post('/workspace/move', { source: 'spare', destination: 'spare2' })).status).toBe(200)
      expect((await remove('spare2')).status).toBe(204)
    })

    it('holds for any mixture of parts and any operation', async () => {
      const names = [
        '..',
        '.',
        '',
        'real',
        'to-etc',
        'to-link',
        'to-real',
        'to-secret',
        'secret',
        'up',
        'x',
        '/',
        secretFolder,
      ]
      const part = fc.constantFrom(...names)
      const anyPath = fc.tuple(
        fc.constantFrom('', `${runtime().workspace.path}/`, '/'),
        fc.array(part, { maxLength: 6 }),
      )
      const operations = {
        read: (name: string) => read(name),
        put: (name: string) => put(name, 'through the fence'),
        list: (name: string) => get('list', { path: name, depth: '3' }),
        mkdir: (name: string) => post('/workspace/mkdir', { path: name }),
        moveIn: (name: string) => post('/workspace/move', { source: name, destination: 'real/moved' }),
        moveOut: (name: string) => post('/workspace/move', { source: 'real/moved', destination: name }),
        remove: (name: string) => remove(`${name}/x`),
      }
      const operation = fc.constantFrom(...Object.values(operations))
      await fc.assert(
        fc.asyncProperty(anyPath, operation, async ([start, parts], run) => {
          const response = await run(start + parts.join('/'))
          expect(response.status).toBeLessThan(500)
          expect(await response.text()).not.toContain(secret)
          expect(await readdir(secretFolder)).toEqual(['secret'])
        }),
        { numRuns: 200 },
      )
      expect(await readFile(path.join(secretFolder, 'secret'), 'utf8')).toBe(secret)
    })

    it('holds while a folder is swapped for a link', async () => {
      const swapping = shell(
        'i=0; while [ $i -lt 400 ]; do rm -rf swap; mkdir swap; rm -rf swap; ln -s /tmp swap; i=$((i+1)); done',
        20,
      )
      for (let round = 0; round < 40; round += 1) await (await put('swap/escaped-by-race', 'x')).arrayBuffer()
      await swapping
      expect((await shell('ls /tmp/escaped-by-race 2>/dev/null | grep -c . || true')).content[0]!.text).toBe('0\n')
    })
  })
}
