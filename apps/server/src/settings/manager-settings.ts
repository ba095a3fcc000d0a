import {
  booleanSetting,
  integerSetting,
  listSetting,
  mountMapSetting,
  optionalSetting,
  portRangeSetting,
} from '@runtime-sandbox/core'
import { z } from 'zod'
import { plainSetting, requiredSetting, settingGroup } from './setting.ts'

const { setting, optional } = settingGroup('Sandboxes')

const prefixSetting = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,37}$/,
    'must be 1 to 38 letters, digits, _, . and -, beginning with a letter or a digit',
  )

const typesSetting = listSetting.refine((types) => types.length > 0, 'is empty: name at least one sandbox type')

const poolSizeSetting = z.string().transform((text, context) => {
  const size = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : Number.NaN
  if (size <= 1000) return Math.max(0, size)
  context.addIssue({ code: 'custom', message: `not a whole number up to 1000: ${JSON.stringify(text)}` })
  return z.NEVER
})

export const managerSettings = {
  DEFAULT_SANDBOX_TYPE: setting(typesSetting, {
    type: 'list: base · base,gui · ["base","gui"]',
    default: 'base',
    description: 'Sandbox types with a warm pool each; the first one is the type of a create that names none.',
  }),
  POOL_SIZE: setting(poolSizeSetting, {
    type: 'whole number; 0 or less = no pool',
    default: '1',
    description: 'Sandboxes per type that are kept started and healthy, ready to be handed out.',
  }),
  AUTO_CLEANUP: setting(booleanSetting, {
    type: 'boolean',
    default: 'True',
    description: 'Destroy all sandboxes when the server stops; else keep them and adopt them at the next start.',
  }),
  CONTAINER_PREFIX_KEY: setting(prefixSetting, {
    type: 'string of at most 38 characters',
    default: 'agent-runtime-container-',
    description: 'Begins the name of every sandbox; also names the deployment in the labels of the engine.',
  }),
  CONTAINER_DEPLOYMENT: setting(requiredSetting, {
    type: 'auto, docker, gvisor, local, or the name or path of a plugin package',
    default: 'auto',
    description:
      'Engine of the sandboxes. auto: Docker if an engine answers, else local. ' +
      'k8s, agentrun, fc, boxlite and cloud are not part of this build.',
  }),
  DEFAULT_MOUNT_DIR: setting(plainSetting, {
    type: 'path',
    default: 'sessions_mount_dir',
    description:
      'Parent folder of the workspaces on this machine, relative to the working directory; empty = no folder is mounted.',
  }),
  READONLY_MOUNTS: setting(mountMapSetting, {
    type: 'JSON object: {"/host/path": "/path/in/sandbox"}',
    default: 'null',
    description: 'Host folders and files that every sandbox sees, read-only.',
  }),
  ALLOW_MOUNT_DIR: setting(booleanSetting, {
    type: 'boolean',
    default: 'False',
    description: 'Let clients choose the host folder of a workspace (mount_dir). Else such a request is refused.',
  }),
  STORAGE_FOLDER: setting(optionalSetting, {
    type: 'path in the storage',
    default: '',
    description: 'Keep every workspace in the storage, at <folder>/<session id>. Empty = only where a client asks.',
  }),
  PORT_RANGE: setting(portRangeSetting, {
    type: 'JSON list: [first, one after the last]',
    default: '[49152,59152]',
    description: 'Host ports for sandboxes.',
  }),
  MAX_SANDBOX_INSTANCES: setting(integerSetting(0), {
    type: 'whole number; 0 = no limit',
    default: '0',
    description: 'Most sandboxes that may exist at once, parked ones included.',
  }),
  WATCHER_SCAN_INTERVAL: setting(integerSetting(0, 86_400), {
    type: 'seconds; 0 = never, and no pool',
    default: '1',
    description: 'Pause between looks for changed images, lost sandboxes and expired records.',
  }),
  RELEASED_KEY_TTL: optional(integerSetting(0), {
    type: 'seconds; 0 = for ever',
    default: '3600',
    description: 'How long the records of ended sandboxes are kept.',
  }),
  RELEASE_KET_TTL: optional(integerSetting(0), {
    type: 'seconds; 0 = for ever',
    default: '',
    description: 'Another spelling of RELEASED_KEY_TTL, which wins over it.',
  }),
  SANDBOX_START_TIMEOUT: setting(integerSetting(1, 3600), {
    type: 'seconds',
    default: '60',
    description: 'How long a new sandbox may take until it answers.',
  }),
}
