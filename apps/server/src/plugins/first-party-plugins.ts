import type { AnyPluginDefinition, BackendDefinition, StateDefinition, StorageDefinition } from '@runtime-sandbox/core'

/**
 * The plugins that come with the server. The imports are literal: an isolated install resolves only packages that this one
 * depends on, and only from a module of this one. Nothing of a plugin is loaded before it is chosen.
 */
export const firstPartyEngines = {
  docker: async (): Promise<BackendDefinition> => (await import('@runtime-sandbox/backend-docker')).dockerBackend,
  gvisor: async (): Promise<BackendDefinition> => (await import('@runtime-sandbox/backend-docker')).gvisorBackend,
  local: async (): Promise<BackendDefinition> => (await import('@runtime-sandbox/backend-local')).localBackend,
}

export const loadMemoryState = async (): Promise<StateDefinition> =>
  (await import('@runtime-sandbox/state-memory')).memoryState

export const loadLocalStorage = async (): Promise<StorageDefinition> =>
  (await import('@runtime-sandbox/storage-local')).localStorage

/** All of them, under the heading of their settings in the reference. */
export const firstPartyPlugins: Readonly<Record<string, () => Promise<AnyPluginDefinition>>> = {
  'Engine docker': firstPartyEngines.docker,
  'Engine gvisor': firstPartyEngines.gvisor,
  'Engine local': firstPartyEngines.local,
  'Storage local': loadLocalStorage,
  'State in memory': loadMemoryState,
}

/** Whether `name` is an engine that comes with the server. */
export function isFirstPartyEngine(name: string): name is keyof typeof firstPartyEngines {
  return Object.hasOwn(firstPartyEngines, name)
}
