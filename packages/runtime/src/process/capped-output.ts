/** Bytes kept of the beginning, and as many of the end, of one stream. */
const defaultCapBytes = 512 * 1024

/** Many small writes are joined, so that their bookkeeping does not outweigh them. */
const maxPieces = 1024

/** Collects a stream of any length in bounded memory: its head and its tail, with a line that says what was left out. */
export class CappedOutput {
  readonly #cap: number
  readonly #head: Buffer[] = []
  readonly #tail: Buffer[] = []
  #headBytes = 0
  #tailBytes = 0
  #droppedBytes = 0

  constructor(cap: number = defaultCapBytes) {
    this.#cap = cap
  }

  add(data: Buffer): void {
    const room = this.#cap - this.#headBytes
    const head = data.subarray(0, room)
    if (head.length > 0) this.#head.push(head)
    this.#headBytes += head.length
    if (data.length > head.length) this.#addTail(data.subarray(head.length))
  }

  get truncated(): boolean {
    return this.#droppedBytes > 0 || this.#tailBytes > this.#cap
  }

  /** The text; bytes that are not UTF-8 become replacement characters. */
  text(): string {
    const head = Buffer.concat(this.#head)
    const tail = Buffer.concat(this.#tail)
    const kept = tail.subarray(Math.max(0, tail.length - this.#cap))
    const dropped = this.#droppedBytes + tail.length - kept.length
    if (dropped === 0) return Buffer.concat([head, kept]).toString('utf8')
    return `${head.toString('utf8')}\n[… ${dropped} bytes left out …]\n${kept.toString('utf8')}`
  }

  #addTail(data: Buffer): void {
    this.#tail.push(data)
    this.#tailBytes += data.length
    if (this.#tail.length > maxPieces) this.#tail.splice(0, this.#tail.length, Buffer.concat(this.#tail))
    while (this.#tail.length > 1 && this.#tailBytes - this.#tail[0]!.length >= this.#cap) {
      const dropped = this.#tail.shift()!.length
      this.#tailBytes -= dropped
      this.#droppedBytes += dropped
    }
  }
}
