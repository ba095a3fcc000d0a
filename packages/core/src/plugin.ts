import type { z } from 'zod'
import type { Clock } from './clock.ts'
import type { ContainerBackend } from './container-backend.ts'
import type { Logger } from './logger.ts'
import type { PortLeases, StateStore } from './state-store.ts'
import type { WorkspaceStorage } from './workspace-storage.ts'

/** What every plugin gets from the app that composes it. */
export type PluginContext = { logger: Logger; clock: Clock }

export type BackendContext = PluginContext & {
  ports: PortLeases
  /** CONTAINER_PREFIX_KEY. */
  deployment: string
  /** Path of the bundled in-sandbox server, for engines that run it from this machine's files; undefined when it is not installed. */
  runtimeEntry?: string | undefined
}

/**
 * A plugin is data: a name, its settings, and a factory.
 *
 * `configSchema` is a zod object whose keys are the names of the settings (environment variables) that the plugin reads;
 * each value is a string or absent on input. The app validates all settings at once and generates their reference from
 * `.describe()`.
 */
export type PluginDefinition<Schema extends z.ZodObject, Context, Port> = {
  name: string
  configSchema: Schema
  create(config: z.output<Schema>, context: Context): Port | Promise<Port>
}

export type BackendDefinition<Schema extends z.ZodObject = z.ZodObject> = PluginDefinition<
  Schema,
  BackendContext,
  ContainerBackend
> & {
  kind: 'backend'
}
export type StorageDefinition<Schema extends z.ZodObject = z.ZodObject> = PluginDefinition<
  Schema,
  PluginContext,
  WorkspaceStorage
> & {
  kind: 'storage'
}
export type StateDefinition<Schema extends z.ZodObject = z.ZodObject> = PluginDefinition<
  Schema,
  PluginContext,
  StateStore
> & {
  kind: 'state'
}

/** Any plugin, whatever its settings. */
export type AnyPluginDefinition = BackendDefinition | StorageDefinition | StateDefinition

/** Declares an engine. */
export function defineBackend<Schema extends z.ZodObject>(
  definition: PluginDefinition<Schema, BackendContext, ContainerBackend>,
): BackendDefinition<Schema> {
  return { kind: 'backend', ...definition }
}

/** Declares a workspace storage. */
export function defineStorage<Schema extends z.ZodObject>(
  definition: PluginDefinition<Schema, PluginContext, WorkspaceStorage>,
): StorageDefinition<Schema> {
  return { kind: 'storage', ...definition }
}

/** Declares a state store. */
export function defineState<Schema extends z.ZodObject>(
  definition: PluginDefinition<Schema, PluginContext, StateStore>,
): StateDefinition<Schema> {
  return { kind: 'state', ...definition }
}
