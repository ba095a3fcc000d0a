/** A server that answers the manager's API. */
export type WireUnderTest = {
  /** Without a slash at the end. */
  baseUrl: string
  token: string
  stop(): Promise<unknown>
}

/** Starts a server with a BEARER_TOKEN and these settings besides; it has type `base` and no sandboxes yet. */
export type StartWire = (settings: Readonly<Record<string, string>>) => Promise<WireUnderTest>
