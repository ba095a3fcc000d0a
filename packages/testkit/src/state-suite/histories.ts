import fc from 'fast-check'
import { describe, it } from 'vitest'
import { stateCommands } from './state-commands.ts'
import type { StateHarness } from './state-harness.ts'
import { StateModel } from './state-model.ts'

export function historyTests(harness: StateHarness): void {
  describe('any history', () => {
    it('keeps every promise: one owner each, never above capacity, nothing lost', async () => {
      const property = fc.asyncProperty(
        fc.commands(stateCommands, { maxCommands: 60, size: 'max' }),
        async (history) => {
          const { store } = await harness.open()
          try {
            await fc.asyncModelRun(() => ({ model: new StateModel(), real: store }), history)
          } finally {
            await store.close()
          }
        },
      )
      await fc.assert(property, { numRuns: harness.histories ?? 300 })
    }, 120_000)
  })
}
