import { booleanSetting, integerSetting, listSetting, numberSetting, optionalSetting } from '@runtime-sandbox/core'
import { z } from 'zod'
import { plainSetting, settingGroup, wordSetting } from './setting.ts'

// Settings of parts that this build does not have yet. They are read and checked, so that a configuration stays valid.

const later = { effective: false }
const redisSwitch = settingGroup('Redis')
const redis = settingGroup('Redis', later)
const ossSwitch = settingGroup('Storage')
const oss = settingGroup('Storage', later)
const kubernetes = settingGroup('Kubernetes', later)

const nullableList = z
  .string()
  .transform((text) => (text.trim() === 'null' ? '' : text))
  .pipe(listSetting)

export const redisSettings = {
  REDIS_ENABLED: redisSwitch.setting(booleanSetting, {
    type: 'boolean',
    default: 'False',
    description: 'Keep the state in Redis. Not part of this build: True is refused.',
  }),
  REDIS_SERVER: redis.setting(plainSetting, { type: 'host', default: 'localhost', description: 'Address of Redis.' }),
  REDIS_PORT: redis.setting(integerSetting(1, 65_535), {
    type: 'port',
    default: '6379',
    description: 'Port of Redis.',
  }),
  REDIS_DB: redis.setting(integerSetting(0), { type: 'whole number', default: '0', description: 'Database of Redis.' }),
  REDIS_USER: redis.setting(plainSetting, { type: 'string', default: '', description: 'User of Redis.' }),
  REDIS_PASSWORD: redis.setting(plainSetting, { type: 'string', default: '', description: 'Password of Redis.' }),
  REDIS_PORT_KEY: redis.setting(plainSetting, {
    type: 'string',
    default: '_agent_runtime_container_occupied_ports',
    description: 'Key of the ports in use.',
  }),
  REDIS_CONTAINER_POOL_KEY: redis.setting(plainSetting, {
    type: 'string',
    default: '_agent_runtime_container_container_pool',
    description: 'Key of the warm pools.',
  }),
}

const ossText = (description: string) => oss.setting(plainSetting, { type: 'string', default: '', description })

export const storageSettings = {
  FILE_SYSTEM: ossSwitch.setting(wordSetting(['local', 'oss']), {
    type: 'local or oss',
    default: 'local',
    description: 'Where workspaces are kept when their sandbox is gone. oss is not part of this build and is refused.',
  }),
  OSS_ENDPOINT: ossText('Endpoint of the object storage.'),
  OSS_ACCESS_KEY_ID: ossText('Access key id.'),
  OSS_ACCESS_KEY_SECRET: ossText('Access key secret.'),
  OSS_BUCKET_NAME: ossText('Bucket, which has to exist.'),
}

export const kubernetesSettings = {
  K8S_NAMESPACE: kubernetes.setting(plainSetting, {
    type: 'string',
    default: 'default',
    description: 'Namespace of the sandboxes.',
  }),
  KUBECONFIG_PATH: kubernetes.optional(optionalSetting, {
    type: 'path',
    default: '',
    description: 'Kubeconfig file; empty = in-cluster, or the default one.',
  }),
}

function serverlessSettings(title: string, region: string) {
  const { setting, optional } = settingGroup(title, later)
  const text = (description: string) => optional(optionalSetting, { type: 'string', default: '', description })
  return {
    ACCOUNT_ID: text('Account id.'),
    ACCESS_KEY_ID: text('Access key id.'),
    ACCESS_KEY_SECRET: text('Access key secret.'),
    REGION_ID: setting(plainSetting, { type: 'string', default: region, description: 'Region.' }),
    CPU: setting(numberSetting, { type: 'number', default: '2.0', description: 'CPUs of a sandbox.' }),
    MEMORY: setting(integerSetting(1), { type: 'megabytes', default: '2048', description: 'Memory of a sandbox.' }),
    VPC_ID: text('VPC.'),
    VSWITCH_IDS: optional(nullableList, { type: 'list', default: '', description: 'Switches of the VPC.' }),
    SECURITY_GROUP_ID: text('Security group.'),
    PREFIX: setting(plainSetting, {
      type: 'string',
      default: 'agentscope-sandbox',
      description: 'Begins the names of the resources.',
    }),
    LOG_PROJECT: text('Log project.'),
    LOG_STORE: text('Log store.'),
  }
}

type Prefixed<Prefix extends string, Shape> = { [Name in keyof Shape & string as `${Prefix}_${Name}`]: Shape[Name] }

function withPrefix<Prefix extends string, Shape extends z.ZodRawShape>(
  prefix: Prefix,
  shape: Shape,
): Prefixed<Prefix, Shape> {
  const entries = Object.entries(shape).map(([name, schema]) => [`${prefix}_${name}`, schema])
  return Object.fromEntries(entries) as Prefixed<Prefix, Shape>
}

export const agentRunSettings = withPrefix('AGENT_RUN', serverlessSettings('AgentRun', ''))
export const functionComputeSettings = withPrefix('FC', serverlessSettings('Function Compute', 'cn-hangzhou'))
