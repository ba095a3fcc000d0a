import type { RuntimeRequest } from '@runtime-sandbox/core'
import type { SocketAnswer, SocketRequest } from '../runtime/dial-socket.ts'

/** A sandbox's answer to the opening of a WebSocket. */
export type RelayedSocket = SocketAnswer & {
  /** To be called when bytes move in either direction, as often as they do: traffic keeps a session awake, an open socket does not. */
  noteTraffic: () => void
}

/** What a server in front relays beside the calls of ManagerApi; replaced sandboxes are followed, recycled ones restored. */
export interface SandboxGateway {
  /**
   * A request to what a sandbox serves on its port outside its runtime; the runtime's token is not sent.
   *
   * @throws SandboxError `sandbox_not_found`, `sandbox_not_running`, `sandbox_unreachable`, `invalid_argument`, `route_not_found`
   */
  fetchDesktop(identity: string, request: RuntimeRequest): Promise<Response>
  /**
   * A WebSocket to a sandbox. A refusal of the sandbox is an answer; the socket of a 101 has everything behind the answer's head.
   *
   * @throws as `fetchDesktop`
   */
  openSocket(identity: string, request: SocketRequest): Promise<RelayedSocket>
}
