import { isIP } from 'node:net'
import {
  defineBackend,
  optionalSetting,
  portRangeSetting,
  type BackendContext,
  type ContainerBackend,
} from '@runtime-sandbox/core'
import { z } from 'zod'
import { createDockerBackend } from './create-docker-backend.ts'
import { isSharedNetwork } from './create/network-way.ts'
import type { DockerBackendOptions } from './docker-options.ts'

/** A variable that the login session sets, not the operator. */
function fromLogin(use: string) {
  return optionalSetting.optional().describe(`Of the login session, not to be set for the server: ${use}`)
}

const configSchema = z.object({
  PORT_RANGE: portRangeSetting
    .prefault('[49152,59152]')
    .describe('Host ports for sandboxes: the first, and the one after the last'),
  DOCKER_BIND_HOST: z
    .string()
    .trim()
    .refine((host) => isIP(host) !== 0, 'an IP address')
    .default('127.0.0.1')
    .describe("Address of the engine's machine on which the ports of sandboxes are published"),
  DOCKER_ADVERTISED_HOST: optionalSetting
    .optional()
    .describe('Host under which the server reaches published ports; default: as the address of the engine tells'),
  DOCKER_NETWORK: optionalSetting
    .refine(
      (name) => name === undefined || !isSharedNetwork(name),
      'a sandbox never shares the network of the host or of another container',
    )
    .optional()
    .describe(
      "Network of the sandboxes; default: the engine's bridge; `none` = no network, and a type that needs one is refused",
    ),
  DOCKER_SOCKET_DIR: z
    .string()
    .startsWith('/', 'an absolute path')
    .default('/var/lib/runtime-sandbox/sockets')
    .describe('Directory for the sockets of sandboxes without network'),
  DOCKER_PULL: z
    .enum(['missing', 'always', 'never'])
    .default('missing')
    .describe(
      'When an image is pulled: `missing`, `always` (before each creation and at each look for changed images), or `never`',
    ),
  DOCKER_HOST: optionalSetting
    .optional()
    .describe(
      'Address of the engine: `unix:///path`, `tcp://host:port` or `ssh://user@host`; default: found as the Docker CLI finds it',
    ),
  DOCKER_CONTEXT: optionalSetting.optional().describe('Docker context that names the engine; DOCKER_HOST goes first'),
  DOCKER_TLS_VERIFY: optionalSetting
    .optional()
    .describe('Any value: the engine at DOCKER_HOST is spoken to over TLS, and has to prove who it is'),
  DOCKER_CERT_PATH: optionalSetting
    .optional()
    .describe('Folder of ca.pem, cert.pem and key.pem; default: the folder of the Docker CLI’s configuration'),
  DOCKER_CONFIG: optionalSetting
    .optional()
    .describe('Folder of the Docker CLI’s configuration; default `.docker` in HOME'),
  HOME: fromLogin('where the Docker CLI’s configuration and some sockets of engines are looked for'),
  XDG_RUNTIME_DIR: fromLogin('where the sockets of rootless engines are looked for'),
  SSH_AUTH_SOCK: fromLogin('agent with the keys for an `ssh://` engine'),
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
