import { integerSetting, optionalSetting, parseSize } from '@runtime-sandbox/core'
import { z } from 'zod'

const sizeSetting = z.string().transform((text, context) => {
  try {
    return parseSize(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
    return z.NEVER
  }
})

/** Most sandboxes at a time when the server runs as root: the number of user ids from LOCAL_UID_BASE on. */
export const uidCount = 65_536

export const localConfigSchema = z.object({
  LOCAL_PYTHON: optionalSetting
    .optional()
    .describe('Python interpreter with IPython for sandboxes; default: python3 of the PATH, else /usr/bin/python3'),
  LOCAL_NETWORK: z
    .enum(['none', 'host'], 'none or host')
    .default('none')
    .describe('Network of sandboxes: `none`, or `host` for that of this machine, its loopback included'),
  LOCAL_STATE_DIR: optionalSetting
    .optional()
    .describe(
      'Directory for sockets and scratch; default: /run/runtime-sandbox-local (root), else below /run/user/<uid> or the temporary directory',
    ),
  LOCAL_UID_BASE: integerSetting(1000, 2 ** 31 - uidCount)
    .prefault('200000')
    .describe(`First of the ${uidCount} user ids under which sandboxes run when the server runs as root`),
  LOCAL_CGROUP: optionalSetting
    .optional()
    .describe('A delegated cgroup (v2) directory in which sandboxes get theirs, or `none`; default: looked for'),
  LOCAL_SCRATCH_SIZE: sizeSetting
    .prefault('512m')
    .describe('Size of /tmp, of the home, and of a workspace that is not mounted; it is memory of the sandbox'),
})

/** Settings of the local engine, parsed. */
export type LocalConfig = z.output<typeof localConfigSchema>
