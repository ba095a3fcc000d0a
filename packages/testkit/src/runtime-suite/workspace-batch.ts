import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { callerOf, type RuntimeUnderTest } from './runtime-under-test.ts'

type Part = { name: 'paths'; value: string } | { name: 'files'; filename?: string; data: string }

export function workspaceBatch(runtime: () => RuntimeUnderTest): void {
  const { send, get } = callerOf(runtime)

  function post(parts: Part[]) {
    const boundary = `----agentscope-${randomBytes(16).toString('hex')}`
    const body = parts.map((part) =>
      part.name === 'paths'
        ? `--${boundary}\r\nContent-Disposition: form-data; name="paths"\r\n\r\n${part.value}\r\n`
        : `--${boundary}\r\nContent-Disposition: form-data; name="files"; filename="${part.filename ?? ''}"\r\n` +
          `Content-Type: application/octet-stream\r\n\r\n${part.data}\r\n`,
    )
    return send('/workspace/files:batch', {
      method: 'POST',
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: `${body.join('')}--${boundary}--\r\n`,
    })
  }
  const read = async (path: string) => (await get('file', { path, format: 'text' })).text()

  describe('writing several files', () => {
    it('takes all paths first, or each before its file', async () => {
      const first = await post([
        { name: 'paths', value: 'batch/a' },
        { name: 'paths', value: 'batch/b' },
        { name: 'files', filename: 'a', data: 'A' },
        { name: 'files', filename: 'b', data: 'BB' },
      ])
      expect(first.status).toBe(200)
      expect(((await first.json()) as { name: string; size: number }[]).map(({ name, size }) => [name, size])).toEqual([
        ['a', 1],
        ['b', 2],
      ])
      const second = await post([
        { name: 'paths', value: 'batch/c' },
        { name: 'files', filename: 'x', data: 'C' },
        { name: 'paths', value: 'batch/d' },
        { name: 'files', filename: 'y', data: 'D' },
      ])
      expect(second.status).toBe(200)
      expect([await read('batch/a'), await read('batch/b'), await read('batch/c'), await read('batch/d')].join()).toBe(
        'A,BB,C,D',
      )
    })

    it('takes the names of the files when there are no paths', async () => {
      expect((await post([{ name: 'files', filename: 'batch/named', data: 'N' }])).status).toBe(200)
      expect(await read('batch/named')).toBe('N')
    })

    it.each<[string, Part[], number, RegExp]>([
      [
        'fewer paths',
        [
          { name: 'paths', value: 'f1' },
          { name: 'files', filename: 'a', data: '1' },
          { name: 'files', filename: 'b', data: '2' },
        ],
        400,
        /`paths` length must match `files` length/,
      ],
      [
        'more paths',
        [
          { name: 'paths', value: 'm1' },
          { name: 'paths', value: 'm2' },
          { name: 'files', filename: 'a', data: '1' },
        ],
        400,
        /`paths` length must match `files` length/,
      ],
      [
        'paths too late',
        [
          { name: 'files', filename: 'late', data: '1' },
          { name: 'paths', value: 'l1' },
        ],
        400,
        /before/,
      ],
      [
        'an empty path',
        [
          { name: 'paths', value: '' },
          { name: 'files', filename: 'a', data: '1' },
        ],
        400,
        /missing target path for a part/,
      ],
      [
        'a path outside',
        [
          { name: 'paths', value: '../x' },
          { name: 'files', filename: 'a', data: '1' },
        ],
        403,
        /Access restricted/,
      ],
      [
        'a folder as target',
        [
          { name: 'paths', value: '/' },
          { name: 'files', filename: 'a', data: '1' },
        ],
        403,
        /Access restricted/,
      ],
      [
        'a path that is too long',
        [
          { name: 'paths', value: 'a/../'.repeat(900) },
          { name: 'files', filename: 'a', data: '1' },
        ],
        422,
        /too long/,
      ],
      [
        'a name with NUL',
        [
          { name: 'paths', value: 'a\0' },
          { name: 'files', filename: 'a', data: '1' },
        ],
        422,
        /NUL/,
      ],
    ])('refuses %s', async (_, parts, status, detail) => {
      const response = await post(parts)
      expect(response.status).toBe(status)
      expect(((await response.json()) as { detail: string }).detail).toMatch(detail)
    })

    it('refuses a folder in the way, what is no form, and a form that breaks off', async () => {
      await post([{ name: 'files', filename: 'way/x', data: '' }])
      const inTheWay = await post([
        { name: 'paths', value: 'way' },
        { name: 'files', filename: 'a', data: '1' },
      ])
      expect([inTheWay.status, await inTheWay.json()]).toEqual([
        409,
        { detail: 'target exists and is a directory: way' },
      ])
      expect((await send('/workspace/files:batch', { method: 'POST', body: 'x' })).status).toBe(400)
      const headers = { 'content-type': 'multipart/form-data; boundary=b' }
      const body = '--b\r\nContent-Disposition: form-data; name="files"; filename="cut"\r\n\r\nabc'
      expect((await send('/workspace/files:batch', { method: 'POST', headers, body })).status).toBe(400)
      expect(await (await get('exists', { path: 'cut' })).json()).toEqual({ exists: false })
    })

    it('takes many small files', async () => {
      const names = Array.from({ length: 3000 }, (_, index) => `batch/many/${index}`)
      const response = await post([
        ...names.map((value) => ({ name: 'paths' as const, value })),
        ...names.map((data) => ({ name: 'files' as const, filename: 'f', data })),
      ])
      expect(((await response.json()) as { name: string }[]).map(({ name }) => `batch/many/${name}`)).toEqual(names)
      expect([await read('batch/many/0'), await read('batch/many/2999')]).toEqual(['batch/many/0', 'batch/many/2999'])
    })

    it('streams large files', async () => {
      const large = 'x'.repeat(20_000_000)
      const response = await post([
        { name: 'paths', value: 'batch/large' },
        { name: 'files', filename: 'l', data: large },
      ])
      expect(((await response.json()) as { size: number }[])[0]!.size).toBe(20_000_000)
    })
  })
}
