import type { OuterAddress } from './outer-address.ts'

/**
 * What a page of a sandbox may do in a browser. It has this server's origin, without which cookie and socket of a desktop would not
 * work, so it is kept to its own sandbox's paths: it can neither call the API nor look at another desktop, opens no window and no frame, and
 * sends no form.
 */
export function desktopHeaders(identity: string, outer: OuterAddress): Record<string, string> {
  return {
    'content-security-policy': policy(identity, outer),
    'x-content-type-options': 'nosniff',
    // The address of a page may hold the password.
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  }
}

function policy(identity: string, { host, prefix }: OuterAddress): string {
  const place = `${host}${prefix}/desktop/${encodeURIComponent(identity)}`
  // `http` and `ws` stand for `https` and `wss` too. A malformed host is no source: then nothing may be loaded.
  const pages = host === undefined ? "'none'" : `http://${place}/`
  const sockets = host === undefined ? '' : `ws://${place} ws://${place}/`
  return [
    'sandbox allow-scripts allow-same-origin allow-forms allow-pointer-lock allow-downloads',
    `default-src ${pages} data: blob:`,
    `script-src ${pages} blob: 'unsafe-inline' 'unsafe-eval'`,
    `style-src ${pages} data: 'unsafe-inline'`,
    `connect-src ${pages} ${sockets}`.trim(),
    "frame-src 'none'",
    "object-src 'none'",
    "form-action 'none'",
    "base-uri 'none'",
  ].join('; ')
}
