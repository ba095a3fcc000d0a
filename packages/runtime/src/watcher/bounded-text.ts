/** The beginning of a stream of bytes, and how much is behind it. */
export class BoundedText {
  readonly #limit: number
  readonly #pieces: Buffer[] = []
  keptBytes = 0
  droppedBytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @returns false when not all of it was kept */
  add(data: Buffer): boolean {
    const kept = data.subarray(0, this.#limit - this.keptBytes)
    if (kept.length > 0) this.#pieces.push(kept)
    this.keptBytes += kept.length
    this.droppedBytes += data.length - kept.length
    return kept.length === data.length
  }

  /** What was kept; what is not UTF-8 in it is replaced. */
  get text(): string {
    return Buffer.concat(this.#pieces).toString('utf8')
  }
}
