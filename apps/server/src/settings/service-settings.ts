import { booleanSetting, integerSetting, listSetting } from '@runtime-sandbox/core'
import { z } from 'zod'
import { requiredSetting, settingGroup } from './setting.ts'

const { setting } = settingGroup('Service')

// A blank token would look like protection and give none.
const tokenSetting = z.string().transform((text) => (text.trim() === '' ? undefined : text))

export const serviceSettings = {
  HOST: setting(requiredSetting, {
    type: 'host name or address',
    default: '127.0.0.1',
    description:
      'Address to listen on. On any but a loopback address without BEARER_TOKEN the server makes a token for the run.',
  }),
  PORT: setting(integerSetting(0, 65_535), {
    type: 'port',
    default: '8000',
    description: 'Port to listen on; 0 takes a free one.',
  }),
  WORKERS: setting(integerSetting(1), {
    type: 'whole number from 1 up',
    default: '1',
    description: 'Number of server processes. More than 1 needs Redis, which this build does not have.',
  }),
  DEBUG: setting(booleanSetting, {
    type: 'boolean',
    default: 'False',
    description: 'Log level DEBUG, and stack traces in the log.',
  }),
  BEARER_TOKEN: setting(tokenSetting, {
    type: 'string',
    default: '',
    description:
      'Token that every request but GET /health has to carry. Empty on a loopback address: no token is asked for.',
  }),
  ALLOWED_HOSTS: setting(listSetting, {
    type: 'list',
    default: '',
    description:
      'Without a token: further names under which this server may be addressed (Host header), beside the loopback ones.',
  }),
}
