/** What the engine takes as the name of a container. */
const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/

/**
 * Whether `text` can be the name or the id of a container. Anything else must not reach the path of a request or of a file: `..`
 * would lead it to something else, and nothing at all to everything.
 */
export function isContainerReference(text: string): boolean {
  return namePattern.test(text)
}
