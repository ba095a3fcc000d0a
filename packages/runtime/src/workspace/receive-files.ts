import { Readable } from 'node:stream'
import busboy from 'busboy'
import type { WorkspaceEntry } from '@runtime-sandbox/protocol'
import { workspacePathSchema } from '@runtime-sandbox/protocol'
import { HttpProblem } from '../http/http-problem.ts'
import type { WorkspaceFiles } from './workspace-files.ts'

/** Most files of one request. */
const maxFiles = 10_000

/**
 * Writes the parts `files` of a multipart request, each to the path of the `paths` field with the same number, or to its own
 * file name when there are no such fields. Streams: memory does not grow with the files. Fields come before their
 * files, one by one or all at once, as clients send them.
 *
 * @throws HttpProblem 400 (not multipart, numbers differ, no name), 409, 413
 */
export async function receiveFiles(
  files: WorkspaceFiles,
  contentType: string,
  body: ReadableStream<Uint8Array> | null,
): Promise<WorkspaceEntry[]> {
  const parser = parserOf(contentType)
  const paths: string[] = []
  const writes: Promise<WorkspaceEntry>[] = []
  let problem: unknown
  const fail = (error: unknown) => {
    problem ??= error
    source.destroy()
    parser.destroy()
  }
  parser.on('field', (name, value) => {
    if (name !== 'paths') return
    paths.push(value)
    if (writes.length >= paths.length) fail(new HttpProblem(400, '`paths` must come before their `files`'))
  })
  parser.on('file', (name, stream, { filename }) => {
    // The form may break off before anyone reads this part; whoever reads it then is told by the stream itself.
    stream.on('error', () => {})
    if (name !== 'files') return void stream.resume()
    const target = paths.length > 0 ? paths[writes.length] : filename
    const write = target === undefined ? Promise.reject(lengthsDiffer()) : writeOne(files, target, stream)
    writes.push(write)
    write.catch((error: unknown) => {
      stream.resume()
      fail(error)
    })
  })
  for (const limit of ['filesLimit', 'fieldsLimit', 'partsLimit'] as const) {
    parser.on(limit, () => fail(new HttpProblem(413, `more than ${maxFiles} files`)))
  }
  const source = Readable.fromWeb(body ?? new Blob([]).stream())
  const parsed = new Promise<void>((resolve) => {
    source.on('error', (error) => fail(error))
    parser.on('error', (error) => fail(new HttpProblem(400, `the form is broken: ${(error as Error).message}`)))
    parser.on('close', resolve)
  })
  source.pipe(parser)
  await parsed
  const entries = await Promise.allSettled(writes)
  if (problem !== undefined) throw problem
  if (paths.length > 0 && paths.length !== writes.length) throw lengthsDiffer()
  return entries.map((entry) => {
    if (entry.status === 'rejected') throw entry.reason
    return entry.value
  })
}

function parserOf(contentType: string): busboy.Busboy {
  const limits = { files: maxFiles, fields: maxFiles, parts: 2 * maxFiles, fieldSize: 4096 }
  try {
    return busboy({ headers: { 'content-type': contentType }, limits, preservePath: true, defParamCharset: 'utf8' })
  } catch (error) {
    throw new HttpProblem(400, `the body is not a multipart form: ${(error as Error).message}`)
  }
}

async function writeOne(files: WorkspaceFiles, target: string, stream: Readable): Promise<WorkspaceEntry> {
  if (target === '') throw new HttpProblem(400, 'missing target path for a part')
  const checked = workspacePathSchema.safeParse(target)
  if (!checked.success) throw new HttpProblem(422, checked.error.issues[0]!.message)
  return files.write(target, stream, `target exists and is a directory: ${target}`)
}

function lengthsDiffer(): HttpProblem {
  return new HttpProblem(400, '`paths` length must match `files` length')
}
