/** Which host port is whose. */
export class PortTable {
  readonly #owners = new Map<number, string>()
  readonly #ports = new Map<string, Set<number>>()
  #last = -1

  /**
   * The next port after the one that was leased last, so that a port that was just freed is not soon somebody else's: what still
   * knows the old address would talk to a stranger.
   */
  lease(
    [from, to]: readonly [from: number, to: number],
    owner: string,
    except: ReadonlySet<number>,
  ): number | undefined {
    const size = to - from
    const start = this.#last >= from && this.#last < to ? this.#last + 1 - from : 0
    for (let step = 0; step < size; step++) {
      const port = from + ((start + step) % size)
      if (this.#owners.has(port) || except.has(port)) continue
      this.#assign(port, owner)
      this.#last = port
      return port
    }
    return undefined
  }

  hold(port: number, owner: string): boolean {
    const holder = this.#owners.get(port)
    if (holder === undefined) this.#assign(port, owner)
    return holder === undefined || holder === owner
  }

  free(owner: string): void {
    for (const port of this.#ports.get(owner) ?? []) this.#owners.delete(port)
    this.#ports.delete(owner)
  }

  #assign(port: number, owner: string): void {
    this.#owners.set(port, owner)
    const ports = this.#ports.get(owner) ?? new Set()
    this.#ports.set(owner, ports.add(port))
  }
}
