import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { SandboxError } from '@runtime-sandbox/core'
import { z } from 'zod'
import type { Endpoint, TlsMaterial } from './endpoint.ts'
import { parseDockerHost } from './parse-docker-host.ts'

const metaSchema = z.object({
  Endpoints: z.object({ docker: z.object({ Host: z.string(), SkipTLSVerify: z.boolean().optional() }) }),
})
const configSchema = z.object({ currentContext: z.string().optional() })

/** The context that `docker context use` chose; undefined when none is. */
export async function currentContext(configDirectory: string): Promise<string | undefined> {
  const text = await readFile(path.join(configDirectory, 'config.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  return configSchema.safeParse(parseJson(text)).data?.currentContext || undefined
}

/** The endpoint of a named context, as the Docker CLI keeps it. @throws SandboxError `invalid_argument` when there is no such context */
export async function contextEndpoint(configDirectory: string, name: string): Promise<Endpoint> {
  const id = createHash('sha256').update(name).digest('hex')
  const text = await readFile(path.join(configDirectory, 'contexts', 'meta', id, 'meta.json'), 'utf8').catch(() => '')
  const meta = metaSchema.safeParse(parseJson(text))
  if (!meta.success)
    throw new SandboxError('invalid_argument', `there is no Docker context named ${name} in ${configDirectory}`)
  const { Host, SkipTLSVerify } = meta.data.Endpoints.docker
  if (SkipTLSVerify) throw new SandboxError('not_supported', `Docker context ${name} asks for TLS without verification`)
  return parseDockerHost(Host, await readTls(path.join(configDirectory, 'contexts', 'tls', id, 'docker')))
}

/** `ca.pem`, `cert.pem` and `key.pem` of a folder; undefined when none of them is there. */
export async function readTls(directory: string): Promise<TlsMaterial | undefined> {
  const read = (name: string) => readFile(path.join(directory, name), 'utf8').catch(() => undefined)
  const [ca, cert, key] = await Promise.all([read('ca.pem'), read('cert.pem'), read('key.pem')])
  return ca === undefined && cert === undefined && key === undefined ? undefined : { ca, cert, key }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
