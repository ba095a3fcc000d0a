import { z } from 'zod'

/** One piece of a tool's answer. `description` says which stream it was: stdout, stderr or returncode. */
export const toolContentSchema = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  annotations: z.unknown().optional(),
  description: z.string().nullish(),
})

/** A tool's answer (MCP's CallToolResult), with truthful additions that older clients ignore. */
export const toolResultSchema = z.looseObject({
  meta: z.unknown().optional(),
  content: z.array(toolContentSchema),
  isError: z.boolean(),
  /** Exit code of a shell command; null when a signal ended it. */
  exit_code: z.number().int().nullish(),
  /** Name of the signal that ended the command, e.g. `SIGKILL`. */
  signal: z.string().nullish(),
  /** The time limit was reached and everything was killed. */
  timed_out: z.boolean().optional(),
  /** Output was cut in the middle. */
  truncated: z.boolean().optional(),
  /** The Python kernel died or was killed; variables are lost and a new one runs. */
  kernel_restarted: z.boolean().optional(),
  /** The Python exception that ended the cell. */
  error: z.object({ name: z.string(), message: z.string() }).nullish(),
})

export type WireToolResult = z.infer<typeof toolResultSchema>

export type ToolStream = 'stdout' | 'stderr' | 'returncode'

/** A text item as the original's tools give it. */
export function textContent(text: string, description: ToolStream) {
  return { type: 'text', text, annotations: null, description } as const
}
