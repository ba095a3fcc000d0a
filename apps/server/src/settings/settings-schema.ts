import { z } from 'zod'
import { imageSettings } from './image-settings.ts'
import { heartbeatSettings } from './heartbeat-settings.ts'
import { managerSettings } from './manager-settings.ts'
import {
  agentRunSettings,
  functionComputeSettings,
  kubernetesSettings,
  redisSettings,
  storageSettings,
} from './reserved-settings.ts'
import { serviceSettings } from './service-settings.ts'

/** Every setting of the server itself. Input: strings by upper-case name; the plugins bring settings of their own. */
export const settingsSchema = z.object({
  ...serviceSettings,
  ...managerSettings,
  ...imageSettings,
  ...heartbeatSettings,
  ...storageSettings,
  ...redisSettings,
  ...kubernetesSettings,
  ...agentRunSettings,
  ...functionComputeSettings,
})

/** The settings as the server works with them. */
export type Settings = z.output<typeof settingsSchema>
