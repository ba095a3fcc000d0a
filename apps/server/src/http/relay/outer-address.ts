/** Where a request's sender sees this server: behind a proxy it is another place than where the request arrives. */
export type OuterAddress = {
  /** Host and port as a page's address has them; undefined when it is none. */
  host: string | undefined
  isSecure: boolean
  /** Path in front of this server's own, without a slash at the end; mostly empty. */
  prefix: string
}

const hostPattern = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i
const prefixPattern = /^(?:\/[\w.~-]+)+$/

/** Reads `X-Forwarded-Host`, `-Proto` and `-Prefix`, else what the request has itself. What is malformed is not believed. */
export function outerAddress(headers: Headers): OuterAddress {
  const host = first(headers.get('x-forwarded-host')) ?? headers.get('host') ?? ''
  const prefix = (first(headers.get('x-forwarded-prefix')) ?? '').replace(/\/+$/, '')
  return {
    host: hostPattern.test(host) ? host : undefined,
    isSecure: first(headers.get('x-forwarded-proto')) === 'https',
    prefix: prefixPattern.test(prefix) ? prefix : '',
  }
}

function first(list: string | null): string | undefined {
  return list?.split(',')[0]?.trim() || undefined
}
