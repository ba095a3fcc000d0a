import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'

const mediaTypes = {
  manifest: 'application/vnd.docker.distribution.manifest.v2+json',
  config: 'application/vnd.docker.container.image.v1+json',
  layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
}

const digestOf = (data: Buffer) => `sha256:${createHash('sha256').update(data).digest('hex')}`

/** A registry on the loopback with images of no use, in as much of the protocol as a pull needs. */
export class ImageRegistry {
  readonly #server: Server
  readonly #blobs = new Map<string, Buffer>()
  readonly #tags = new Map<string, Buffer>()
  #held: Promise<void> | undefined
  /** How often it was asked what a tag means, which an engine does once with each pull. */
  pulls = 0

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** An image whose id is told by `content` alone. */
  push(tag: string, content: string): void {
    const tar = Buffer.alloc(1024)
    const layer = gzipSync(tar)
    const config = Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        config: { Cmd: ['/none'], Labels: { content } },
        rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
      }),
    )
    for (const blob of [config, layer]) this.#blobs.set(digestOf(blob), blob)
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: { mediaType: mediaTypes.config, size: config.length, digest: digestOf(config) },
      layers: [{ mediaType: mediaTypes.layer, size: layer.length, digest: digestOf(layer) }],
    }
    this.#tags.set(tag, Buffer.from(JSON.stringify(manifest)))
  }

  /** Pulls stand still until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#held = promise
    return resolve
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, kind, reference = ''] = /\/(manifests|blobs)\/(.+)$/.exec(request.url ?? '') ?? []
    if (kind === undefined) return void response.writeHead(200).end('{}')
    if (kind === 'manifests' && !reference.startsWith('sha256:') && request.method === 'HEAD') this.pulls += 1
    await this.#held
    const found = kind === 'blobs' ? this.#blobs.get(reference) : this.#manifest(reference)
    if (!found) return void response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}')
    const type = kind === 'blobs' ? 'application/octet-stream' : mediaTypes.manifest
    response.writeHead(200, {
      'content-type': type,
      'content-length': found.length,
      'docker-content-digest': digestOf(found),
    })
    response.end(request.method === 'HEAD' ? undefined : found)
  }

  #manifest(reference: string): Buffer | undefined {
    return this.#tags.get(reference) ?? [...this.#tags.values()].find((manifest) => digestOf(manifest) === reference)
  }
}
