import { it } from 'vitest'

type Test = (title: string, test: () => Promise<void>) => void

/** Declares tests where they have a subject; where they have none there is no test, rather than one that is skipped. */
export function itWhere(hasSubject: unknown): Test {
  return hasSubject ? it : () => {}
}
