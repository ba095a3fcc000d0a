import { closeSync, readFileSync } from 'node:fs'
import { missingToken, RuntimeConfigError, type RuntimeConfig } from './runtime-config.ts'

/** The runtime's token: from a descriptor, which is read to its end and closed, or as given. @throws RuntimeConfigError */
export function readSecretToken(source: RuntimeConfig['token']): string {
  const token = ('value' in source ? source.value : readDescriptor(source.descriptor)).trim()
  if (token === '') throw new RuntimeConfigError(`SECRET_TOKEN_FD: ${missingToken}`)
  return token
}

function readDescriptor(descriptor: number): string {
  try {
    const token = readFileSync(descriptor, 'utf8')
    closeSync(descriptor)
    return token
  } catch (error) {
    throw new RuntimeConfigError(`SECRET_TOKEN_FD: cannot be read: ${(error as Error).message}`)
  }
}
