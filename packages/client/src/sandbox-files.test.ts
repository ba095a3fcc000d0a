import { describe, expect, it } from 'vitest'
import type { ManagerApi, RuntimeRequest } from '@runtime-sandbox/core'
import { SandboxFiles } from './sandbox-files.ts'

type Seen = Omit<RuntimeRequest, 'body' | 'signal'> & { body: string }

function files(respond: (request: Seen) => Response) {
  const seen: Seen[] = []
  const fetchRuntime = async (identity: string, { body, signal: _, ...request }: RuntimeRequest) => {
    expect(identity).toBe('box')
    const entry = { ...request, body: body === undefined ? '' : await new Response(body as string).text() }
    seen.push(entry)
    return respond(entry)
  }
  return { fs: new SandboxFiles({ fetchRuntime } as unknown as ManagerApi, 'box'), seen }
}

const entry = { path: '/workspace/a', name: 'a', type: 'file', size: 1, mtime_ms: 1 }

describe('SandboxFiles', () => {
  it('reads text, bytes and streams', async () => {
    const { fs, seen } = files(() => new Response('grüße'))
    expect(await fs.read('a b')).toBe('grüße')
    expect(await fs.readBytes('a')).toEqual(new TextEncoder().encode('grüße'))
    expect(await new Response(await fs.readStream('a')).text()).toBe('grüße')
    expect(seen.map(({ query }) => query)).toEqual([
      'path=a+b&format=text',
      'path=a&format=bytes',
      'path=a&format=bytes',
    ])
  })

  it.each([
    ['text', 'text/plain; charset=utf-8'],
    [new TextEncoder().encode('text'), 'application/octet-stream'],
    [new Blob(['te', 'xt']), 'application/octet-stream'],
    [new Blob(['text']).stream() as ReadableStream<Uint8Array>, 'application/octet-stream'],
  ])('writes %o', async (data, contentType) => {
    const { fs, seen } = files(() => Response.json(entry))
    expect(await fs.write('a', data)).toEqual(entry)
    expect(seen[0]).toMatchObject({
      method: 'PUT',
      path: 'workspace/file',
      body: 'text',
      headers: { 'content-type': contentType },
    })
  })

  it('writes many files as one form: paths first, then the files in the same order', async () => {
    const { fs, seen } = files(() => Response.json([entry, entry]))
    await fs.writeMany([
      { path: 'dir/a.txt', data: 'A' },
      { path: 'b', data: new Uint8Array([66]) },
    ])
    const form = await new Response(seen[0]!.body, {
      headers: { 'content-type': seen[0]!.headers!['content-type']! },
    }).formData()
    expect(form.getAll('paths')).toEqual(['dir/a.txt', 'b'])
    expect(await Promise.all(form.getAll('files').map((file) => (file as File).text()))).toEqual(['A', 'B'])
    expect(await fs.writeMany([])).toEqual([])
    expect(seen).toHaveLength(1)
  })

  it('lists, looks, moves, makes and removes', async () => {
    const answers: Record<string, () => Response> = {
      'workspace/list': () => Response.json([entry]),
      'workspace/exists': () => Response.json({ exists: true }),
      'workspace/move': () => Response.json(entry),
      'workspace/mkdir': () => Response.json({ created: false }),
      'workspace/entry': () => new Response(null, { status: 204 }),
    }
    const { fs, seen } = files(({ path }) => answers[path]!())
    expect(await fs.list('d', { depth: 3 })).toEqual([entry])
    expect(await fs.exists('d')).toBe(true)
    expect(await fs.move('a', 'b')).toEqual(entry)
    expect(await fs.mkdir('d')).toBe(false)
    await fs.remove('d')
    expect(seen.map(({ method }) => method)).toEqual(['GET', 'GET', 'POST', 'POST', 'DELETE'])
    expect(seen[0]!.query).toBe('path=d&depth=3')
  })

  it.each([
    [404, 'file_not_found'],
    [403, 'path_forbidden'],
    [409, 'conflict'],
    [422, 'invalid_argument'],
  ])('status %i is %s, with the words of the runtime', async (status, code) => {
    const { fs } = files(() => Response.json({ detail: 'because' }, { status }))
    await expect(fs.read('x')).rejects.toMatchObject({ code, message: 'because' })
  })

  it('does not take a lost sandbox for a lost file', async () => {
    const { fs } = files(() =>
      Response.json({ detail: 'sandbox not found: box', code: 'sandbox_not_found' }, { status: 404 }),
    )
    await expect(fs.read('x')).rejects.toMatchObject({ code: 'sandbox_not_found' })
  })
})
