const host = /(?:\w[\w.-]*|\[[\da-f:]+\])(?::\d+)?/
const component = /\w[\w.-]*/
const reference = new RegExp(
  `^(?:${host.source}/)?${component.source}(?:/${component.source})*(?::\\w[\\w.-]*)?(?:@\\w+:[\\da-f]+)?$`,
)

/**
 * Whether `text` can name an image: `[host[:port]/]path[:tag][@digest]`, or an id. Anything else must not reach the path of a
 * request: the library follows a redirect of the engine to where nobody catches its errors.
 */
export function isImageReference(text: string): boolean {
  return text.length <= 1024 && reference.test(text)
}
