const maxBytes = 64 * 1024

/** The last 64 KiB that a sandbox's runtime wrote. */
export class LogTail {
  #chunks: Buffer[] = []
  #size = 0

  add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    while (this.#chunks.length > 1 && this.#size - this.#chunks[0]!.length >= maxBytes) {
      this.#size -= this.#chunks.shift()!.length
    }
  }

  /** The last `count` lines. */
  lines(count: number): string {
    const text = Buffer.concat(this.#chunks).subarray(-maxBytes).toString('utf8').trimEnd()
    return count <= 0 ? '' : text.split('\n').slice(-count).join('\n')
  }
}
