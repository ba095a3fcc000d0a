import { resolve } from 'node:path'
import type { ManagerSettings } from '@runtime-sandbox/manager'
import type { Settings } from '../settings/settings-schema.ts'

const defaultRecordTtlSeconds = 3600

export type ManagerSettingsOptions = { directory: string; stateKey: string }

/** The part of the settings that the manager is told, in its own terms. */
export function managerSettingsOf(
  settings: Settings,
  { directory, stateKey }: ManagerSettingsOptions,
): ManagerSettings {
  const mounts = Object.entries(settings.READONLY_MOUNTS)
  return {
    prefix: settings.CONTAINER_PREFIX_KEY,
    stateKey,
    defaultSandboxTypes: settings.DEFAULT_SANDBOX_TYPE,
    poolSize: settings.POOL_SIZE,
    autoCleanup: settings.AUTO_CLEANUP,
    workspaceRoot: workspaceRootOf(settings, directory),
    readonlyMounts: Object.fromEntries(mounts.map(([source, target]) => [resolve(directory, source), target])),
    allowMountDir: settings.ALLOW_MOUNT_DIR,
    storageFolder: settings.STORAGE_FOLDER ?? null,
    maxInstances: settings.MAX_SANDBOX_INSTANCES,
    defaultTimeoutSeconds: settings.RUNTIME_SANDBOX_TIMEOUT,
    startTimeoutMs: settings.SANDBOX_START_TIMEOUT * 1000,
    scanIntervalMs: settings.WATCHER_SCAN_INTERVAL * 1000,
    heartbeatTimeoutMs: settings.HEARTBEAT_TIMEOUT * 1000,
    heartbeatLockTtlMs: settings.HEARTBEAT_LOCK_TTL * 1000,
    recycledRecordTtlMs: settings.RECYCLED_KEY_TTL * 1000,
    releasedRecordTtlMs: (settings.RELEASED_KEY_TTL ?? settings.RELEASE_KET_TTL ?? defaultRecordTtlSeconds) * 1000,
  }
}

/** DEFAULT_MOUNT_DIR as an absolute path; null when nothing is to be mounted. */
export function workspaceRootOf(settings: Settings, directory: string): string | null {
  return settings.DEFAULT_MOUNT_DIR.trim() === '' ? null : resolve(directory, settings.DEFAULT_MOUNT_DIR)
}
