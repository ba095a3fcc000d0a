import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { findPython } from './find-python.ts'

/** A program that answers as an interpreter would. */
async function interpreter(answer: Record<string, unknown> | string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'python-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const path = join(directory, 'python3')
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer)
  await writeFile(path, `#!/bin/sh\ncat <<'END'\n${text}\nEND\n`)
  await chmod(path, 0o755)
  return path
}

const good = { executable: '/opt/py/bin/python3', version: '3.12.1', prefixes: ['/opt/py', '/usr'], ipython: true }

describe('findPython', () => {
  it('tells what is to be shown besides /usr', async () => {
    expect(await findPython(await interpreter(good))).toEqual({
      executable: '/opt/py/bin/python3',
      version: '3.12.1',
      prefixes: ['/opt/py'],
    })
  })

  it('says how to get IPython', async () => {
    const python = await interpreter({ ...good, ipython: false })
    await expect(findPython(python)).rejects.toMatchObject({
      code: 'engine_unavailable',
      message: expect.stringMatching(/has no IPython.*apt-get install.*LOCAL_PYTHON/),
    })
  })

  it.each(['/', '/root', '/home/someone', '/var/lib'])('refuses to show all of %s', async (prefix) => {
    const python = await interpreter({ ...good, prefixes: [prefix] })
    await expect(findPython(python)).rejects.toThrow('holds more than Python')
  })

  it('refuses what is no interpreter', async () => {
    await expect(findPython(await interpreter('hello'))).rejects.toThrow('did not tell its paths')
    await expect(findPython('/nonexistent/python3')).rejects.toThrow('cannot be run')
  })
})
