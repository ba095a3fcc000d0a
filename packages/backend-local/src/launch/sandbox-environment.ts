import { dirname } from 'node:path'
import { SandboxError } from '@runtime-sandbox/core'
import type { Python } from '../host/find-python.ts'
import { insidePaths, insideUser, tokenDescriptor } from './inside-paths.ts'

const systemPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/**
 * Variables of the runtime and of what it starts: defaults, overlaid by `given`, overlaid by what the engine decides.
 * Nothing of the server's environment, and no token.
 *
 * @throws SandboxError `invalid_argument`
 */
export function sandboxEnvironment(given: Readonly<Record<string, string>>, python: Python): Record<string, string> {
  for (const [name, value] of Object.entries(given)) assertVariable(name, value)
  const { SECRET_TOKEN: _token, SECRET_TOKEN_FD: _descriptor, ...variables } = given
  const pythonPath = dirname(python.executable)
  const path = [...new Set([pythonPath, ...systemPath])].join(':')
  return {
    PATH: `${path}:${insidePaths.program}/bin`,
    HOME: insidePaths.home,
    USER: insideUser.name,
    LOGNAME: insideUser.name,
    HOSTNAME: insideUser.hostname,
    LANG: 'C.UTF-8',
    TMPDIR: '/tmp',
    SHELL: '/bin/sh',
    ...variables,
    WORKSPACE_DIR: insidePaths.workspace,
    RUNTIME_SOCKET: insidePaths.socket,
    RUNTIME_PYTHON: python.executable,
    SECRET_TOKEN_FD: String(tokenDescriptor),
  }
}

function assertVariable(name: string, value: string): void {
  if (name !== '' && !/[=\0]/.test(name) && !value.includes('\0')) return
  throw new SandboxError('invalid_argument', `environment: ${JSON.stringify(name.slice(0, 100))} cannot be a variable`)
}
