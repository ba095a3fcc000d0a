import { access, mkdir, mkdtemp, rename, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { removeTree } from './remove-tree.ts'

let base: string
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'trees-'))
})
afterEach(() => removeTree(base))

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

describe('removeTree', () => {
  it('removes everything, and links without following them', async () => {
    const outside = join(base, 'outside')
    const tree = join(base, 'tree')
    await mkdir(join(tree, 'a', 'b'), { recursive: true })
    await mkdir(outside)
    await writeFile(join(outside, 'kept'), '')
    await symlink(outside, join(tree, 'a', 'link'))
    await removeTree(tree)
    expect([await exists(tree), await exists(join(outside, 'kept'))]).toEqual([false, true])
  })

  it('is done when there is nothing', async () => {
    await expect(removeTree(join(base, 'nothing'))).resolves.toBeUndefined()
  })

  it('removes folders nested deeper than a path can name', async () => {
    const half = Array.from({ length: 14 }, () => 'd'.repeat(200))
    const [tree, second] = [join(base, 'deep'), join(base, 'second')]
    await mkdir(join(tree, ...half), { recursive: true })
    await mkdir(join(second, ...half), { recursive: true })
    await rename(second, join(tree, ...half, 'second'))
    await removeTree(tree)
    expect(await exists(tree)).toBe(false)
  })
})
