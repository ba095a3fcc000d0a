import { once } from 'node:events'
import type { Readable } from 'node:stream'
import busboy from 'busboy'
import type { WorkspaceEntry } from '@runtime-sandbox/protocol'
import { workspacePathSchema } from '@runtime-sandbox/protocol'
import { HttpProblem } from '../http/http-problem.ts'
import type { WorkspaceFiles } from './workspace-files.ts'
import { WriteSlots } from './write-slots.ts'

/** Most files of one request. */
const maxFiles = 10_000
/** Enough for the longest path that is taken, in any script. */
const maxPathBytes = 16 * 1024

/**
 * Writes the parts `files` of a multipart request, each to the path of the `paths` field with the same number, or to its own
 * file name when there are no such fields. Streams: memory does not grow with the files. Fields come before their
 * files, one by one or all at once, as clients send them.
 *
 * @throws HttpProblem 400 (not multipart, numbers differ, no name), 409, 413, 422
 */
export async function receiveFiles(
  files: WorkspaceFiles,
  contentType: string,
  body: ReadableStream<Uint8Array> | null,
): Promise<WorkspaceEntry[]> {
  const form = new FormReceiver(files, contentType)
  await form.read(body)
  return form.entries()
}

class FormReceiver {
  readonly #files: WorkspaceFiles
  readonly #parser: busboy.Busboy
  readonly #closed: Promise<unknown>
  readonly #slots = new WriteSlots()
  readonly #paths: string[] = []
  readonly #writes: Promise<WorkspaceEntry>[] = []
  #problem: unknown

  constructor(files: WorkspaceFiles, contentType: string) {
    this.#files = files
    this.#parser = parserOf(contentType)
    this.#closed = new Promise((resolve) => this.#parser.once('close', resolve))
    this.#parser.on('field', (name, value, { valueTruncated }) => this.#takeField(name, value, valueTruncated))
    this.#parser.on('file', (name, stream, { filename }) => this.#takeFile(name, stream, filename))
    this.#parser.on('error', (error) =>
      this.#fail(new HttpProblem(400, `the form is broken: ${(error as Error).message}`)),
    )
    for (const limit of ['filesLimit', 'fieldsLimit', 'partsLimit'] as const) {
      this.#parser.on(limit, () => this.#fail(new HttpProblem(413, `more than ${maxFiles} files`)))
    }
  }

  /** Feeds the parser no faster than the files are written. */
  async read(body: ReadableStream<Uint8Array> | null): Promise<void> {
    try {
      for await (const chunk of body ?? []) {
        if (!this.#parser.write(chunk)) await Promise.race([once(this.#parser, 'drain'), this.#closed])
        await this.#slots.room()
        if (this.#problem !== undefined) break
      }
      if (this.#problem === undefined) this.#parser.end()
    } catch (error) {
      this.#fail(error)
    }
    await this.#closed
  }

  async entries(): Promise<WorkspaceEntry[]> {
    const written = await Promise.allSettled(this.#writes)
    if (this.#problem !== undefined) throw this.#problem
    if (this.#paths.length > 0 && this.#paths.length !== this.#writes.length) throw lengthsDiffer()
    return written.map((entry) => {
      if (entry.status === 'rejected') throw entry.reason
      return entry.value
    })
  }

  #takeField(name: string, value: string, cut: boolean): void {
    if (name === 'files') this.#fail(new HttpProblem(400, noTarget))
    if (name !== 'paths') return
    this.#paths.push(value)
    if (cut) this.#fail(new HttpProblem(422, 'path is too long'))
    if (this.#writes.length >= this.#paths.length)
      this.#fail(new HttpProblem(400, '`paths` must come before their `files`'))
  }

  #takeFile(name: string, stream: Readable, filename: string | undefined): void {
    // The form may break off before anyone reads this part; whoever reads it then is told by the stream itself.
    stream.on('error', () => {})
    if (name !== 'files') return void stream.resume()
    const target = this.#paths.length > 0 ? this.#paths[this.#writes.length] : (filename ?? '')
    const write = this.#slots.run(() => this.#write(target, stream))
    this.#writes.push(write)
    write.catch((error: unknown) => {
      stream.resume()
      this.#fail(error)
    })
  }

  async #write(target: string | undefined, stream: Readable): Promise<WorkspaceEntry> {
    if (target === undefined) throw lengthsDiffer()
    if (target === '') throw new HttpProblem(400, noTarget)
    const checked = workspacePathSchema.safeParse(target)
    if (!checked.success) throw new HttpProblem(422, checked.error.issues[0]!.message)
    return this.#files.write(target, stream, `target exists and is a directory: ${target}`)
  }

  #fail(problem: unknown): void {
    this.#problem ??= problem
    this.#parser.destroy()
  }
}

const noTarget = 'missing target path for a part'

function parserOf(contentType: string): busboy.Busboy {
  const limits = { files: maxFiles, fields: maxFiles, parts: 2 * maxFiles, fieldSize: maxPathBytes }
  try {
    return busboy({ headers: { 'content-type': contentType }, limits, preservePath: true, defParamCharset: 'utf8' })
  } catch (error) {
    throw new HttpProblem(400, `the body is not a multipart form: ${(error as Error).message}`)
  }
}

function lengthsDiffer(): HttpProblem {
  return new HttpProblem(400, '`paths` length must match `files` length')
}
