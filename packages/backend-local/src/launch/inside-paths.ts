/** Places inside every sandbox. */
export const insidePaths = {
  workspace: '/workspace',
  home: '/home/sandbox',
  /** The runtime and the node that runs it. */
  program: '/opt/runtime-sandbox',
  node: '/opt/runtime-sandbox/bin/node',
  runtime: '/opt/runtime-sandbox/lib/runtime.mjs',
  /** The only place that both sides write to, besides mounts. */
  socketDirectory: '/run/runtime-sandbox',
  socket: '/run/runtime-sandbox/runtime.sock',
} as const

/** Identity of everything in a sandbox, whatever it is outside. */
export const insideUser = { name: 'sandbox', uid: 1000, gid: 1000, hostname: 'sandbox' } as const

/** Descriptor from which the runtime reads its token. */
export const tokenDescriptor = 3
