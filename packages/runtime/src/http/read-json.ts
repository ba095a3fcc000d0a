import type { Context } from 'hono'
import type { z } from 'zod'
import { HttpProblem } from './http-problem.ts'

/** Largest JSON body: code and commands, not files. */
const maxJsonBytes = 16 * 1024 * 1024

/** How much of a body that is too large is still read, so that its sender sees the answer instead of a broken connection. */
const maxDiscardedBytes = 4 * maxJsonBytes

/** The JSON body of a request, checked. @throws HttpProblem 400 (not JSON, or an empty argument), 413, 422 */
export async function readJson<Schema extends z.ZodType>(context: Context, schema: Schema): Promise<z.output<Schema>> {
  const value = parse(await readText(context.req.raw.body))
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw problemOf(result.error)
}

/** The query of a request, checked. @throws HttpProblem 422 */
export function readQuery<Schema extends z.ZodType>(context: Context, schema: Schema): z.output<Schema> {
  const result = schema.safeParse(context.req.query())
  if (result.success) return result.data
  throw problemOf(result.error)
}

/** An argument that is there but empty is 400, as in the contract; any other mismatch is 422. */
function problemOf(error: z.ZodError): HttpProblem {
  const emptiness = error.issues.find((issue) => issue.code === 'too_small' && issue.origin === 'string')
  if (emptiness) return new HttpProblem(400, emptiness.message)
  const detail = error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ')
  return new HttpProblem(422, detail)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new HttpProblem(400, `the body is not JSON: ${(error as Error).message}`)
  }
}

async function readText(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    if (size > maxDiscardedBytes) break
    if (size <= maxJsonBytes) chunks.push(chunk)
  }
  if (size > maxJsonBytes) throw new HttpProblem(413, `the body is larger than ${maxJsonBytes} bytes`)
  return Buffer.concat(chunks).toString('utf8')
}
