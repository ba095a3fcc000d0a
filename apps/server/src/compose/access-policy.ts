import { randomBytes } from 'node:crypto'
import { exitCodes } from '../exit-codes.ts'
import type { AccessPolicy } from '../http/access.ts'
import { isLoopbackHost } from '../http/loopback.ts'
import type { Settings } from '../settings/settings-schema.ts'
import { StartupError } from '../startup-error.ts'

/** Who may call a server with these settings; `generated` when nobody chose a token and one is needed. */
export async function accessPolicyOf(settings: Settings): Promise<AccessPolicy & { generated: boolean }> {
  const allowedHosts = settings.ALLOWED_HOSTS.map((name) => name.toLowerCase())
  if (settings.BEARER_TOKEN !== undefined) return { token: settings.BEARER_TOKEN, allowedHosts, generated: false }
  if (await staysOnThisMachine(settings.HOST)) return { token: undefined, allowedHosts, generated: false }
  return { token: randomBytes(32).toString('base64url'), allowedHosts, generated: true }
}

async function staysOnThisMachine(host: string): Promise<boolean> {
  try {
    return await isLoopbackHost(host)
  } catch (error) {
    throw new StartupError(exitCodes.configuration, [`HOST: ${host} cannot be resolved`], { cause: error })
  }
}
