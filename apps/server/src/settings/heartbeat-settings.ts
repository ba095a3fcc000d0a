import { integerSetting } from '@runtime-sandbox/core'
import { settingGroup } from './setting.ts'

const { setting } = settingGroup('Heartbeat')

export const heartbeatSettings = {
  HEARTBEAT_TIMEOUT: setting(integerSetting(1), {
    type: 'seconds',
    default: '300',
    description:
      'How long a session may be idle until its sandboxes are recycled: their containers go, their workspaces stay. ' +
      'The next call to one restores it.',
  }),
  HEARTBEAT_LOCK_TTL: setting(integerSetting(1), {
    type: 'seconds',
    default: '120',
    description: 'Life of the lock under which one of several servers recycles a session; prolonged while it works.',
  }),
  RECYCLED_KEY_TTL: setting(integerSetting(0), {
    type: 'seconds; 0 = for ever',
    default: '604800',
    description: 'How long a recycled sandbox can be restored. Then it is released, with its workspace.',
  }),
}
