type Node<Key> = { key: Key; at: number; before: Node<Key> | undefined; after: Node<Key> | undefined }

/**
 * Keys in the order of a number (a time, a sequence). Setting a number that is not smaller than the others, as those of a clock,
 * and removing are O(1); one from the past costs as many steps as there are later ones. Equal numbers stay in order of setting.
 */
export class OrderedIndex<Key> {
  readonly #nodes = new Map<Key, Node<Key>>()
  #first: Node<Key> | undefined
  #last: Node<Key> | undefined

  get size(): number {
    return this.#nodes.size
  }

  /** The key with the smallest number. */
  get first(): Key | undefined {
    return this.#first?.key
  }

  at(key: Key): number | undefined {
    return this.#nodes.get(key)?.at
  }

  /** Adds the key, or moves it. */
  set(key: Key, at: number): void {
    this.delete(key)
    let before = this.#last
    while (before && before.at > at) before = before.before
    const after = before ? before.after : this.#first
    const node: Node<Key> = { key, at, before, after }
    this.#nodes.set(key, node)
    if (before) before.after = node
    else this.#first = node
    if (after) after.before = node
    else this.#last = node
  }

  /** @returns whether it was there */
  delete(key: Key): boolean {
    const node = this.#nodes.get(key)
    if (!node) return false
    this.#nodes.delete(key)
    if (node.before) node.before.after = node.after
    else this.#first = node.after
    if (node.after) node.after.before = node.before
    else this.#last = node.before
    return true
  }

  keys(): Key[] {
    return this.below(Infinity, Infinity)
  }

  /** Keys whose number is smaller than `end`, smallest first, at most `limit`. */
  below(end: number, limit: number): Key[] {
    const keys: Key[] = []
    for (let node = this.#first; node && node.at < end && keys.length < limit; node = node.after) keys.push(node.key)
    return keys
  }
}
