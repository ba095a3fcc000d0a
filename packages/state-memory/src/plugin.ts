import { z } from 'zod'
import { defineState } from '@runtime-sandbox/core'
import { createMemoryState } from './memory-state.ts'

/** The state store `memory`; it has no settings. */
export const memoryState = defineState({
  name: 'memory',
  configSchema: z.object({}),
  create: (_config, { clock }) => createMemoryState({ clock }),
})
