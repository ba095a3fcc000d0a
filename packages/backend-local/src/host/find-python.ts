import { SandboxError } from '@runtime-sandbox/core'
import { z } from 'zod'
import { runTool } from './run-tool.ts'

/** The interpreter of sandboxes. */
export type Python = {
  executable: string
  version: string
  /** Directories outside of /usr that it needs, each with all below; absolute. */
  prefixes: readonly string[]
}

const probe = `
import importlib.util, json, sys
print(json.dumps({
    "executable": sys.executable,
    "version": sys.version.split()[0],
    "prefixes": sorted({sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}),
    "ipython": importlib.util.find_spec("IPython") is not None,
}))
`
const probeSchema = z.object({
  executable: z.string().startsWith('/'),
  version: z.string(),
  prefixes: z.array(z.string().startsWith('/')),
  ipython: z.boolean(),
})

/** A prefix as wide as one of these would show a sandbox more than an interpreter. */
const tooWide =
  /^(?:|\/(?:bin|boot|dev|etc|home(?:\/[^/]+)?|lib|lib64|mnt|opt|proc|root|run|sbin|srv|sys|tmp|var(?:\/[^/]+)?))$/

const advice =
  'install IPython (apt-get install python3 python3-ipython), or make an environment' +
  ' (python3 -m venv /opt/sandbox-python && /opt/sandbox-python/bin/pip install ipython)' +
  ' and set LOCAL_PYTHON=/opt/sandbox-python/bin/python3'

/** The first interpreter that can serve. @throws SandboxError `engine_unavailable` with what to do */
export async function findPython(configured: string | undefined): Promise<Python> {
  const problems: string[] = []
  for (const candidate of configured === undefined ? ['python3', '/usr/bin/python3'] : [configured]) {
    const found = await examine(candidate)
    if (typeof found !== 'string') return found
    problems.push(`${candidate}: ${found}`)
  }
  throw new SandboxError(
    'engine_unavailable',
    `no Python with IPython for sandboxes (${problems.join('; ')}); ${advice}`,
  )
}

async function examine(candidate: string): Promise<Python | string> {
  const { ok, stdout, stderr } = await runTool(candidate, ['-I', '-c', probe])
  if (!ok) return `cannot be run: ${stderr.trim().split('\n').at(-1)?.slice(0, 200) ?? ''}`
  const parsed = probeSchema.safeParse(parseJson(stdout))
  if (!parsed.success) return 'did not tell its paths'
  const { executable, version, prefixes, ipython } = parsed.data
  if (!ipython) return 'has no IPython'
  const wide = prefixes.find((prefix) => tooWide.test(prefix.replace(/\/+$/, '')))
  if (wide !== undefined) return `its prefix ${wide} holds more than Python`
  return { executable, version, prefixes: prefixes.filter((prefix) => !isBelow('/usr', prefix)) }
}

function isBelow(directory: string, path: string): boolean {
  return path === directory || path.startsWith(`${directory}/`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
