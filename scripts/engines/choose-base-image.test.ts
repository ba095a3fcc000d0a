import { expect, test } from 'vitest'
import { chooseBaseImage } from './choose-base-image.mjs'

/** An engine with these images and what a registry would give it; `log` is what was done. */
function sources({ local = [], remote = [] }: { local?: string[]; remote?: string[] }) {
  const log: string[] = []
  return {
    log,
    publicImage: 'node:24',
    debianImage: 'debian-base:key',
    has: (reference: string) => Promise.resolve(local.includes(reference)),
    pull(reference: string) {
      log.push(`pull ${reference}`)
      return remote.includes(reference) ? Promise.resolve() : Promise.reject(new Error('output\nno such host'))
    },
    createDebian(reference: string) {
      log.push(`create ${reference}`)
      return Promise.resolve()
    },
  }
}

test.each([
  { wanted: 'auto', local: ['node:24', 'debian-base:key'], remote: [], chosen: 'node:24', log: [] },
  { wanted: 'auto', local: ['debian-base:key'], remote: ['node:24'], chosen: 'debian-base:key', log: [] },
  { wanted: 'auto', local: [], remote: ['node:24'], chosen: 'node:24', log: ['pull node:24'] },
  {
    wanted: 'auto',
    local: [],
    remote: [],
    chosen: 'debian-base:key',
    log: ['pull node:24', 'create debian-base:key'],
  },
  { wanted: 'debian', local: ['node:24'], remote: [], chosen: 'debian-base:key', log: ['create debian-base:key'] },
  { wanted: 'debian', local: ['debian-base:key'], remote: [], chosen: 'debian-base:key', log: [] },
  { wanted: 'mine:1', local: ['mine:1', 'node:24'], remote: [], chosen: 'mine:1', log: [] },
  { wanted: 'mine:1', local: ['node:24'], remote: ['mine:1'], chosen: 'mine:1', log: ['pull mine:1'] },
])('$wanted with $local here and $remote to be had: $chosen', async ({ wanted, chosen, log, ...images }) => {
  const engine = sources(images)
  expect(await chooseBaseImage(wanted, engine)).toBe(chosen)
  expect(engine.log).toEqual(log)
})

test('a reference that was asked for is never replaced by another', async () => {
  const engine = sources({ local: ['node:24', 'debian-base:key'] })
  await expect(chooseBaseImage('mine:1', engine)).rejects.toThrow('no such host')
})
