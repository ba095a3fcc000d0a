import { randomBytes, randomInt } from 'node:crypto'

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz'
const sessionIdLength = 25
const sessionIdPattern = /^[0-9a-z]{1,64}$/

/** 25 characters, lower-case base 36, about 129 bits: not to be guessed. */
export function newSessionId(): string {
  return Array.from({ length: sessionIdLength }, () => alphabet[randomInt(alphabet.length)]).join('')
}

/** A SECRET_TOKEN: 32 hexadecimal characters. */
export function newToken(): string {
  return randomBytes(16).toString('hex')
}

/** Whether `text` can be a session id: safe as part of a path and of a name. */
export function isSessionId(text: string): boolean {
  return sessionIdPattern.test(text)
}

/** Whether `text` looks like one that was made here, so that a directory of this name may be one that we made. */
export function isMadeSessionId(text: string): boolean {
  return text.length === sessionIdLength && isSessionId(text)
}

/** Whether a sandbox is of the deployment with this prefix; others may share the store. */
export function isOwnName(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && isSessionId(name.slice(prefix.length))
}
