import { execFile } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

/** The descriptors of both ends; whoever takes a pipe closes them. */
export type Pipe = { read: number; write: number }

const run = promisify(execFile)

/**
 * Pipes made ahead, for the output of what the runtime starts. Node connects children by sockets, on which `/dev/stdout` and
 * `/dev/stderr` cannot be opened, as scripts do. It has no call that makes a pipe, so these are named ones that lost their name.
 */
export class PipeSupply {
  readonly #size: number
  readonly #pipes: Pipe[] = []
  #filling: Promise<boolean> | undefined
  #closed = false

  /** @param size pipes made at a time; more are made when half are left */
  constructor(size = 8) {
    this.#size = size
  }

  /** @returns undefined when the system makes none: no mkfifo, no temporary folder */
  async take(count: number): Promise<Pipe[] | undefined> {
    while (this.#pipes.length < count) {
      if (!(await this.#fill())) return undefined
    }
    const taken = this.#pipes.splice(0, count)
    this.prepare()
    return taken
  }

  /** Has pipes made behind what runs. */
  prepare(): void {
    if (this.#pipes.length <= this.#size / 2) void this.#fill()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#filling
    closePipes(this.#pipes.splice(0))
  }

  /** @returns whether there are more now */
  #fill(): Promise<boolean> {
    this.#filling ??= makePipes(this.#size)
      .then(
        (pipes) => this.#add(pipes),
        () => false,
      )
      .finally(() => (this.#filling = undefined))
    return this.#filling
  }

  #add(pipes: Pipe[]): boolean {
    if (this.#closed) closePipes(pipes)
    else this.#pipes.push(...pipes)
    return !this.#closed
  }
}

export function closePipes(pipes: Pipe[]): void {
  for (const { read, write } of pipes) {
    closeSync(read)
    closeSync(write)
  }
}

async function makePipes(count: number): Promise<Pipe[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'runtime-pipes-'))
  const pipes: Pipe[] = []
  try {
    const names = Array.from({ length: count }, (_, index) => path.join(folder, String(index)))
    await run('mkfifo', ['-m', '600', ...names])
    for (const name of names) pipes.push(openPipe(name))
    return pipes
  } catch (error) {
    closePipes(pipes)
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The reading end first, which waits for no writer; then the writing end, which finds a reader and does not wait either. */
function openPipe(name: string): Pipe {
  const read = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    return { read, write: openSync(name, constants.O_WRONLY) }
  } catch (error) {
    closeSync(read)
    throw error
  }
}
