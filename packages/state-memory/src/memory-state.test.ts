import { createFakeClock, stateConformance } from '@runtime-sandbox/testkit'
import { createMemoryState } from './memory-state.ts'

stateConformance('memory', {
  async open() {
    const clock = createFakeClock()
    return { store: createMemoryState({ clock }), passTime: (ms) => clock.advance(ms) }
  },
})
