import { readFile } from 'node:fs/promises'

/** Megabytes that a process holds. */
export async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024
}

/** Processor time of a process so far, seconds. */
export async function processorSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]!.split(' ')
  // In hundredths, as Linux tells them on all that this runs on.
  return (Number(fields[11]) + Number(fields[12])) / 100
}

/** Most that a process holds while `work` goes on. */
export async function peakMegabytes(pid: number, work: () => Promise<unknown>): Promise<number> {
  let peak = await residentMegabytes(pid)
  const timer = setInterval(() => {
    void residentMegabytes(pid).then((now) => (peak = Math.max(peak, now)))
  }, 25)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  return peak
}
