import type { AnyPluginDefinition } from '@runtime-sandbox/core'

/** Loads a plugin's definition; nothing of a plugin is loaded before it is chosen. */
export type PluginLoader = () => Promise<AnyPluginDefinition>

/**
 * The plugins that come with the server, by the short name that settings use. The map is literal: an isolated install
 * resolves only packages that this one depends on, and only from a module of this one.
 */
export const firstPartyPlugins = {
  docker: async () => (await import('@runtime-sandbox/backend-docker')).dockerBackend as unknown as AnyPluginDefinition,
  gvisor: async () => (await import('@runtime-sandbox/backend-docker')).gvisorBackend as unknown as AnyPluginDefinition,
  local: async () => (await import('@runtime-sandbox/backend-local')).localBackend as unknown as AnyPluginDefinition,
  'local storage': async () =>
    (await import('@runtime-sandbox/storage-local')).localStorage as unknown as AnyPluginDefinition,
  'memory state': async () =>
    (await import('@runtime-sandbox/state-memory')).memoryState as unknown as AnyPluginDefinition,
} satisfies Record<string, PluginLoader>
