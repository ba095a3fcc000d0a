import { Readable } from 'node:stream'
import { Hono } from 'hono'
import {
  fileQuery,
  listQuery,
  pathQuery,
  runtimeRoutes,
  workspaceMkdirBody,
  workspaceMoveBody,
} from '@runtime-sandbox/protocol'
import { HttpProblem } from '../http/http-problem.ts'
import { readJson, readQuery } from '../http/read-json.ts'
import { receiveFiles } from '../workspace/receive-files.ts'
import type { OpenedFile, WorkspaceFiles } from '../workspace/workspace-files.ts'

/** The files of the workspace. */
export function workspaceRoutes(files: WorkspaceFiles): Hono {
  const app = new Hono()

  app.get(runtimeRoutes.readFile.path, async (context) => {
    const { path, format } = readQuery(context, fileQuery)
    const opened = await files.open(path)
    return format === 'text' ? answerText(opened) : answerBytes(opened)
  })
  app.put(runtimeRoutes.writeFile.path, async (context) => {
    const { path } = readQuery(context, pathQuery)
    const body = context.req.raw.body
    return context.json(await files.write(path, body ? Readable.fromWeb(body) : Readable.from([])))
  })
  app.post(runtimeRoutes.writeFiles.path, async (context) => {
    const contentType = context.req.header('content-type') ?? ''
    return context.json(await receiveFiles(files, contentType, context.req.raw.body))
  })
  app.get(runtimeRoutes.list.path, async (context) => {
    const { path, depth } = readQuery(context, listQuery)
    return context.json(await files.list(path, depth))
  })
  app.get(runtimeRoutes.exists.path, async (context) => {
    return context.json({ exists: await files.exists(readQuery(context, pathQuery).path) })
  })
  app.delete(runtimeRoutes.removeEntry.path, async (context) => {
    await files.remove(readQuery(context, pathQuery).path)
    return context.body(null, 204)
  })
  app.post(runtimeRoutes.move.path, async (context) => {
    const { source, destination } = await readJson(context, workspaceMoveBody)
    return context.json(await files.move(source, destination))
  })
  app.post(runtimeRoutes.mkdir.path, async (context) => {
    return context.json({ created: await files.mkdir((await readJson(context, workspaceMkdirBody)).path) })
  })
  return app
}

/** Largest file that is given as text; larger ones are read as bytes, which stream. */
const maxTextBytes = 256 * 1024 * 1024

async function answerText({ handle, size }: OpenedFile): Promise<Response> {
  try {
    if (size > maxTextBytes) throw new HttpProblem(413, 'the file is too large for format=text; use format=bytes')
    const bytes = await handle.readFile()
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return new Response(text, { headers: { 'content-type': 'text/plain; charset=utf-8' } })
  } catch (error) {
    if (error instanceof TypeError)
      throw new HttpProblem(422, 'the file is not UTF-8 text; use format=bytes', { cause: error })
    throw error
  } finally {
    await handle.close()
  }
}

function answerBytes({ handle }: OpenedFile): Response {
  // Chunked, without a length: the file may grow or shrink while it is read.
  const stream = Readable.toWeb(handle.createReadStream({ highWaterMark: 1024 * 1024 })) as ReadableStream<Uint8Array>
  return new Response(stream, { headers: { 'content-type': 'application/octet-stream' } })
}
