import type { CallOptions, ManagerApi, RuntimeRequest } from '@runtime-sandbox/core'
import { runtimeRoutes, type WorkspaceEntry } from '@runtime-sandbox/protocol'
import { errorOfResponse } from './response-error.ts'

/** Contents of a file to write; streams and blobs are sent piece by piece. */
export type FileData = string | Uint8Array | Blob | ReadableStream<Uint8Array>

export type WriteOptions = CallOptions & { contentType?: string }
export type ListOptions = CallOptions & {
  /** Levels below the folder; default 1. */
  depth?: number
}
export type FileToWrite = { path: string; data: string | Uint8Array | Blob; contentType?: string }

type Request = Omit<RuntimeRequest, 'path' | 'method'>

/**
 * The workspace of a sandbox. Paths are relative to it, or absolute within it.
 *
 * Errors: `file_not_found`, `path_forbidden` (outside the workspace, or through a link that leaves it), `conflict` (a folder is
 * where a file should be, or the reverse), `invalid_argument`.
 */
export class SandboxFiles {
  readonly #manager: ManagerApi
  readonly #sandboxId: string

  constructor(manager: ManagerApi, sandboxId: string) {
    this.#manager = manager
    this.#sandboxId = sandboxId
  }

  /** The file as text (UTF-8). */
  async read(path: string, { signal }: CallOptions = {}): Promise<string> {
    const response = await this.#fetch('readFile', { query: query({ path, format: 'text' }), signal })
    return response.text()
  }

  async readBytes(path: string, { signal }: CallOptions = {}): Promise<Uint8Array> {
    const response = await this.#fetch('readFile', { query: query({ path, format: 'bytes' }), signal })
    return new Uint8Array(await response.arrayBuffer())
  }

  /** The file piece by piece. A connection that breaks is an error of the stream, never its end. */
  async readStream(path: string, { signal }: CallOptions = {}): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#fetch('readFile', { query: query({ path, format: 'bytes' }), signal })
    return response.body ?? new Blob([]).stream()
  }

  /** Writes a file, whole or not at all; its folders are made. */
  async write(path: string, data: FileData, { contentType, signal }: WriteOptions = {}): Promise<WorkspaceEntry> {
    const text = typeof data === 'string'
    const headers = { 'content-type': contentType ?? (text ? 'text/plain; charset=utf-8' : 'application/octet-stream') }
    const body = data instanceof Blob ? (data.stream() as ReadableStream<Uint8Array>) : data
    const response = await this.#fetch('writeFile', { query: query({ path }), headers, body, signal })
    return (await response.json()) as WorkspaceEntry
  }

  /** Writes several files in one request; each is whole or not there, but not all of them at once. */
  async writeMany(files: readonly FileToWrite[], { signal }: CallOptions = {}): Promise<WorkspaceEntry[]> {
    if (files.length === 0) return []
    const form = new FormData()
    for (const { path } of files) form.append('paths', path)
    for (const { path, data, contentType } of files) {
      const part = new Blob([data], {
        type: contentType ?? 'application/octet-stream',
      })
      form.append('files', part, path.split('/').at(-1) || 'file')
    }
    // A Response encodes a form as every fetch does, whoever sends it on.
    const encoded = new Response(form)
    const headers = { 'content-type': encoded.headers.get('content-type') ?? '' }
    const response = await this.#fetch('writeFiles', { headers, body: encoded.body!, signal })
    return (await response.json()) as WorkspaceEntry[]
  }

  async list(path: string = '', { depth = 1, signal }: ListOptions = {}): Promise<WorkspaceEntry[]> {
    const response = await this.#fetch('list', { query: query({ path, depth: String(depth) }), signal })
    return (await response.json()) as WorkspaceEntry[]
  }

  async exists(path: string, { signal }: CallOptions = {}): Promise<boolean> {
    const response = await this.#fetch('exists', { query: query({ path }), signal })
    return ((await response.json()) as { exists: boolean }).exists
  }

  /** Removes a file, or a folder with all in it; nothing there is success. */
  async remove(path: string, { signal }: CallOptions = {}): Promise<void> {
    await (await this.#fetch('removeEntry', { query: query({ path }), signal })).body?.cancel()
  }

  async move(source: string, destination: string, { signal }: CallOptions = {}): Promise<WorkspaceEntry> {
    const response = await this.#fetch('move', { ...json({ source, destination }), signal })
    return (await response.json()) as WorkspaceEntry
  }

  /** Makes a folder and those above it; false when it was there. */
  async mkdir(path: string, { signal }: CallOptions = {}): Promise<boolean> {
    const response = await this.#fetch('mkdir', { ...json({ path }), signal })
    return ((await response.json()) as { created: boolean }).created
  }

  async #fetch(name: keyof typeof runtimeRoutes, request: Request): Promise<Response> {
    const { method, path } = runtimeRoutes[name]
    const response = await this.#manager.fetchRuntime(this.#sandboxId, {
      ...request,
      method: method.toUpperCase(),
      path: path.slice(1),
    })
    if (!response.ok) throw await errorOfResponse(response, { notFound: 'file_not_found' })
    return response
  }
}

function query(parameters: Record<string, string>): string {
  return new URLSearchParams(parameters).toString()
}

function json(body: Record<string, unknown>): Request {
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
