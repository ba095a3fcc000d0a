import { z } from 'zod'
import { numberSetting } from '@runtime-sandbox/core'
import { settingGroup } from './setting.ts'

const { setting } = settingGroup('Images and time limits')

const blankOr = (pattern: RegExp, message: string) =>
  z
    .string()
    .trim()
    .refine((text) => text === '' || pattern.test(text), message)

export const imageSettings = {
  RUNTIME_SANDBOX_REGISTRY: setting(blankOr(/^[A-Za-z0-9][A-Za-z0-9.:/_-]*$/, 'not a registry address'), {
    type: 'host, with port and path if need be',
    default: '',
    description: 'Registry of the sandbox images; empty = Docker Hub.',
  }),
  RUNTIME_SANDBOX_IMAGE_NAMESPACE: setting(blankOr(/^[a-z0-9][a-z0-9._/-]*$/, 'not an image namespace'), {
    type: 'string',
    default: 'agentscope',
    description: 'Namespace of the sandbox images.',
  }),
  RUNTIME_SANDBOX_IMAGE_TAG: setting(blankOr(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/, 'not an image tag'), {
    type: 'string',
    default: 'latest',
    description: 'Tag of the sandbox images.',
  }),
  RUNTIME_SANDBOX_TIMEOUT: setting(
    numberSetting.refine((value) => value <= 86_400, 'is more than 86400'),
    { type: 'seconds', default: '60', description: 'Time limit of one call, for sandbox types that set none.' },
  ),
}
