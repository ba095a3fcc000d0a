import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { closePipes, type PipeSupply } from './pipe-supply.ts'

/** What everything that the runtime starts gets. */
export type LaunchContext = {
  /** Made when it is not there: what runs may have removed it. */
  cwd: string
  environment: NodeJS.ProcessEnv
  pipes: PipeSupply
}

export type PipedChild = { child: ChildProcess; stdout: Readable; stderr: Readable }

/**
 * Starts a program in a session of its own, with no input and with pipes for its output.
 *
 * @param channels how many more descriptors, from 3 on, connect it to the runtime
 * @throws the error of the system when it cannot be started
 */
export async function spawnPiped(
  file: string,
  args: string[],
  { cwd, environment, pipes }: LaunchContext,
  channels = 0,
): Promise<PipedChild> {
  await mkdir(cwd, { recursive: true })
  const taken = (await pipes.take(2)) ?? []
  try {
    const outputs = taken.length === 0 ? ['pipe', 'pipe'] : taken.map(({ write }) => write)
    const child = spawn(file, args, {
      cwd,
      detached: true,
      env: environment,
      stdio: ['ignore', ...(outputs as 'pipe'[]), ...Array.from({ length: channels }, () => 'pipe' as const)],
    })
    await started(child)
    const [stdout = child.stdout!, stderr = child.stderr!] = taken.splice(0).map(({ read, write }) => {
      // The stream ends when the child, and all who share its output, have closed theirs.
      closeSync(write)
      return new Socket({ fd: read, readable: true, writable: false })
    })
    return { child, stdout, stderr }
  } catch (error) {
    closePipes(taken)
    throw error
  }
}

function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
}
