/** Bytes kept of the beginning, and as many of the end, of one stream. */
const defaultCapBytes = 512 * 1024
/** Of the beginning, as long as little is printed. */
const firstHeadBytes = 4096

/**
 * Collects a stream of any length in bounded memory: its head and its tail, with a line that says what was left out. The bytes are
 * copied, so that many small pieces take no more room than few large ones.
 */
export class CappedOutput {
  readonly #cap: number
  #head: Buffer
  #headBytes = 0
  /** The last bytes behind the head; where the next one goes, the oldest one is. */
  #tail: Buffer | undefined
  #tailBytes = 0

  constructor(cap: number = defaultCapBytes) {
    this.#cap = cap
    this.#head = Buffer.alloc(Math.min(cap, firstHeadBytes))
  }

  add(data: Buffer): void {
    const head = data.subarray(0, this.#cap - this.#headBytes)
    if (head.length > 0) this.#addHead(head)
    if (data.length > head.length) this.#addTail(data.subarray(head.length))
  }

  get truncated(): boolean {
    return this.#tailBytes > this.#cap
  }

  /** The text; bytes that are not UTF-8 become replacement characters. */
  text(): string {
    const head = this.#head.subarray(0, this.#headBytes)
    if (!this.#tail) return head.toString('utf8')
    const next = this.#tailBytes % this.#cap
    if (!this.truncated) return Buffer.concat([head, this.#tail.subarray(0, this.#tailBytes)]).toString('utf8')
    const tail = Buffer.concat([this.#tail.subarray(next), this.#tail.subarray(0, next)])
    const dropped = this.#tailBytes - this.#cap
    return `${head.toString('utf8')}\n[… ${dropped} bytes left out …]\n${tail.toString('utf8')}`
  }

  #addHead(data: Buffer): void {
    const needed = this.#headBytes + data.length
    if (needed > this.#head.length) {
      const larger = Buffer.alloc(Math.min(this.#cap, Math.max(needed, 2 * this.#head.length)))
      this.#head.copy(larger, 0, 0, this.#headBytes)
      this.#head = larger
    }
    data.copy(this.#head, this.#headBytes)
    this.#headBytes = needed
  }

  #addTail(data: Buffer): void {
    this.#tail ??= Buffer.alloc(this.#cap)
    // Of a piece that is longer than the tail, only its end stays.
    const kept = data.subarray(Math.max(0, data.length - this.#cap))
    const at = (this.#tailBytes + data.length - kept.length) % this.#cap
    const copied = kept.copy(this.#tail, at)
    kept.copy(this.#tail, 0, copied)
    this.#tailBytes += data.length
  }
}
