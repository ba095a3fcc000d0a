/**
 * Looks for a marker in a stream of bytes. What precedes it is passed on as soon as it cannot be part of the marker.
 */
export class MarkerScanner {
  readonly #marker: Buffer
  readonly #onData: (data: Buffer) => void
  #held: Buffer = Buffer.alloc(0)
  found = false

  constructor(marker: Buffer, onData: (data: Buffer) => void) {
    this.#marker = marker
    this.#onData = onData
  }

  /** @returns what follows the marker, when it was found in this piece; undefined before */
  add(data: Buffer): Buffer | undefined {
    const bytes = this.#held.length === 0 ? data : Buffer.concat([this.#held, data])
    const at = bytes.indexOf(this.#marker)
    if (at >= 0) {
      this.found = true
      this.#emit(bytes.subarray(0, at))
      this.#held = Buffer.alloc(0)
      return bytes.subarray(at + this.#marker.length)
    }
    const keep = this.#partialLength(bytes)
    this.#emit(bytes.subarray(0, bytes.length - keep))
    this.#held = bytes.subarray(bytes.length - keep)
    return undefined
  }

  /** Passes on what was held back; the stream has ended without the marker. */
  flush(): void {
    this.#emit(this.#held)
    this.#held = Buffer.alloc(0)
  }

  #emit(data: Buffer): void {
    if (data.length > 0) this.#onData(data)
  }

  /** Length of the longest end of `bytes` that begins the marker. */
  #partialLength(bytes: Buffer): number {
    for (let length = Math.min(bytes.length, this.#marker.length - 1); length > 0; length -= 1) {
      if (this.#marker.subarray(0, length).equals(bytes.subarray(bytes.length - length))) return length
    }
    return 0
  }
}
