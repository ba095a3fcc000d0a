/** Collects the `SKIPPED <engine>: <reason>` lines that suites print, each once, from a stream that comes in pieces. */
export class SkippedEngines {
  readonly #lines = new Set<string>()
  #rest = ''

  /** Takes the next piece of the stream. */
  add(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      const match = /^SKIPPED (\S+: .*)$/.exec(line.trimEnd())
      if (match?.[1] !== undefined) this.#lines.add(match[1])
    }
  }

  /** What was skipped, as `docker: no engine answers`. */
  get all(): string[] {
    return [...this.#lines].toSorted()
  }
}
