/** What the process tells its caller; the numbers of sysexits.h where they have one. */
export const exitCodes = {
  success: 0,
  /** Wrong command line. */
  usage: 2,
  /** EX_UNAVAILABLE: no engine, the port is taken, the engine does not answer. */
  unavailable: 69,
  /** EX_SOFTWARE: a defect of the server. */
  software: 70,
  /** EX_CONFIG: invalid settings, or an extension that cannot be loaded. */
  configuration: 78,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
