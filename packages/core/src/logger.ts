/** Fields of a structured event. Never put a secret or a user's code in one. */
export type LogFields = Record<string, unknown>

/**
 * Structured logging, injected everywhere. The shape is pino's: fields first, then the message.
 * Nothing in the packages logs globally; apps build the logger.
 */
export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  /** A logger that adds `fields` to every event. */
  child(fields: LogFields): Logger
}

/** Drops everything. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
}
