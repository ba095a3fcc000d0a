import { describe, expect, it } from 'vitest'
import { securityLevelSchema, securityProfile, shellCapabilities } from './security-profile.ts'

describe('securityProfile', () => {
  it('low is as the engine does', () => {
    expect(securityProfile('low')).toEqual({
      level: 'low',
      noNewPrivileges: false,
      capabilities: null,
      nonRoot: false,
      readOnlyRoot: false,
      network: 'default',
      sandboxedRuntime: false,
    })
  })

  it('medium takes privileges and leaves what a shell needs', () => {
    expect(securityProfile('medium')).toEqual({
      level: 'medium',
      noNewPrivileges: true,
      capabilities: shellCapabilities,
      nonRoot: false,
      readOnlyRoot: false,
      network: 'default',
      sandboxedRuntime: false,
    })
    expect(shellCapabilities).not.toContain('SYS_ADMIN')
  })

  it('high takes all', () => {
    expect(securityProfile('high')).toEqual({
      level: 'high',
      noNewPrivileges: true,
      capabilities: [],
      nonRoot: true,
      readOnlyRoot: true,
      network: 'none',
      sandboxedRuntime: true,
    })
  })

  it.each(securityLevelSchema.options)('%s gives and takes the network as asked', (level) => {
    expect(securityProfile(level, { network: true }).network).toBe('required')
    expect(securityProfile(level, { network: false }).network).toBe('none')
    expect(securityProfile(level, { network: undefined })).toEqual(securityProfile(level))
  })
})
