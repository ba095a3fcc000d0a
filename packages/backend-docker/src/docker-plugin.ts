import {
  defineBackend,
  optionalSetting,
  portRangeSetting,
  type BackendContext,
  type ContainerBackend,
} from '@runtime-sandbox/core'
import { z } from 'zod'
import { createDockerBackend } from './create-docker-backend.ts'
import type { DockerBackendOptions } from './docker-options.ts'

const configSchema = z.object({
  PORT_RANGE: portRangeSetting
    .prefault('[49152,59152]')
    .describe('Host ports for sandboxes: the first, and the one after the last'),
  DOCKER_BIND_HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe("Address of the engine's machine on which the ports of sandboxes are published"),
  DOCKER_ADVERTISED_HOST: optionalSetting
    .optional()
    .describe('Host under which the server reaches published ports; default: as the address of the engine tells'),
  DOCKER_NETWORK: optionalSetting
    .refine(
      (name) => name !== 'host' && !name?.startsWith('container:'),
      'a sandbox never shares a network of the host or of another container',
    )
    .optional()
    .describe("Network of the sandboxes; default: the engine's bridge; `none` = no network unless a type asks"),
  DOCKER_SOCKET_DIR: z
    .string()
    .startsWith('/', 'an absolute path')
    .default('/var/lib/runtime-sandbox/sockets')
    .describe('Directory for the sockets of sandboxes without network'),
  DOCKER_PULL: z
    .enum(['missing', 'always', 'never'])
    .default('missing')
    .describe('When an image is pulled: `missing`, `always` at each look for changed images, or `never`'),
  DOCKER_HOST: optionalSetting
    .optional()
    .describe('Address of the engine, e.g. `unix:///run/docker.sock`, `tcp://host:2376`, `ssh://user@host`'),
  DOCKER_CONTEXT: optionalSetting.optional().describe('Docker context that names the engine'),
  DOCKER_TLS_VERIFY: optionalSetting.optional().describe('Any value: the engine at DOCKER_HOST is spoken to over TLS'),
  DOCKER_CERT_PATH: optionalSetting.optional().describe('Folder of ca.pem, cert.pem and key.pem'),
  DOCKER_CONFIG: optionalSetting.optional().describe('Folder of the Docker CLI’s configuration; default `~/.docker`'),
  XDG_RUNTIME_DIR: optionalSetting.optional().describe('Where rootless engines have their sockets'),
  HOME: optionalSetting.optional().describe('Home directory, for `~/.docker`'),
  SSH_AUTH_SOCK: optionalSetting.optional().describe('SSH agent for `ssh://` engines'),
})

type DockerConfig = z.output<typeof configSchema>

function optionsOf(config: DockerConfig): DockerBackendOptions {
  return {
    endpoint: config,
    portRange: config.PORT_RANGE,
    bindHost: config.DOCKER_BIND_HOST,
    advertisedHost: config.DOCKER_ADVERTISED_HOST,
    network: config.DOCKER_NETWORK,
    socketDirectory: config.DOCKER_SOCKET_DIR,
    pull: config.DOCKER_PULL,
  }
}

/** Docker, and any engine with its API. */
export const dockerBackend = defineBackend({
  name: 'docker',
  configSchema,
  create: (config: DockerConfig, context: BackendContext): Promise<ContainerBackend> =>
    createDockerBackend(optionsOf(config), context),
})

/** Docker with gVisor: every sandbox has a kernel of its own in user space. */
export const gvisorBackend = defineBackend({
  name: 'gvisor',
  configSchema,
  create: (config: DockerConfig, context: BackendContext): Promise<ContainerBackend> =>
    createDockerBackend({ ...optionsOf(config), name: 'gvisor', runtime: 'runsc' }, context),
})
