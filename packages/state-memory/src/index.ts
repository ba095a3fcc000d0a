export { createMemoryState, type MemoryStateOptions } from './memory-state.ts'
export { memoryState, memoryState as default } from './plugin.ts'
