import { exitCodes, type ExitCode } from './exit-codes.ts'

export type StartupErrorOptions = { cause?: unknown }

/** Why the server does not start: every reason at once, one per line, fit for people to read. */
export class StartupError extends Error {
  readonly exitCode: ExitCode
  readonly problems: readonly string[]

  constructor(exitCode: ExitCode, problems: readonly string[], { cause }: StartupErrorOptions = {}) {
    super(problems.join('\n'), cause === undefined ? undefined : { cause })
    this.name = 'StartupError'
    this.exitCode = exitCode
    this.problems = problems
  }

  /** Settings or extensions that have to be corrected first. */
  static configuration(...problems: string[]): StartupError {
    return new StartupError(exitCodes.configuration, problems)
  }

  /** Something outside that has to be there first. */
  static unavailable(problem: string, options?: StartupErrorOptions): StartupError {
    return new StartupError(exitCodes.unavailable, [problem], options)
  }
}
