/**
 * Announces a step, runs it, and says how long it took. On the standard error, so that the standard output belongs to
 * the program that is started in the end.
 *
 * @template T
 * @param {string} title what is being done, as a phrase: `installing dependencies`
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const startedAt = performance.now()
  note(`${title} …`)
  try {
    const result = await work()
    note(`${title}: done in ${seconds(startedAt)}`)
    return result
  } catch (error) {
    note(`${title}: failed after ${seconds(startedAt)}`)
    throw error
  }
}

/** @param {string} text */
export function note(text) {
  process.stderr.write(`[setup] ${text}\n`)
}

/** @param {number} startedAt a value of `performance.now()` */
function seconds(startedAt) {
  return `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
}
