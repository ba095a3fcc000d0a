/**
 * What can be asked for: the arguments of the project's Node.js, followed by the caller's own. The quickstart and the
 * server run as built, the way that a user of the packages gets them.
 *
 * @type {Record<string, { summary: string, run?: string[], needsLocalEngine: boolean }>}
 */
export const commands = {
  setup: { summary: 'only make this machine ready', needsLocalEngine: true },
  quickstart: {
    summary: 'start a server and show a sandbox at work',
    run: ['examples/quickstart/quickstart.ts'],
    needsLocalEngine: true,
  },
  start: {
    summary: 'start the server; arguments are its own (--help)',
    run: ['apps/server/dist/cli.js'],
    needsLocalEngine: true,
  },
  test: {
    summary: "run every suite that this machine can run; arguments are vitest's",
    run: ['scripts/run-tests.ts'],
    needsLocalEngine: true,
  },
  bench: {
    summary: 'measure; arguments are engines: local, docker',
    run: ['--conditions=@runtime-sandbox/source', 'bench/run.ts'],
    needsLocalEngine: true,
  },
  check: {
    summary: 'types, lint, format, packages; arguments name single checks',
    run: ['scripts/check.ts'],
    needsLocalEngine: false,
  },
}

export function usage() {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`)
  return `Usage: node scripts/bootstrap.mjs <command> [arguments…]\n\n${lines.join('\n')}\n`
}
