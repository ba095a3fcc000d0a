import type { ErrorKind } from '../../packages/core/src/index.ts'
import { generatedNotice, table } from './markdown.ts'

/** The page of error codes, from the error table. */
export function errorsPage(errorTable: Readonly<Record<string, ErrorKind>>): string {
  const rows = Object.entries(errorTable).map(([code, { status, retryable, remediation }]) => [
    `\`${code}\``,
    String(status),
    retryable ? 'yes' : 'no',
    remediation,
  ])
  return `# Errors

${generatedNotice}

A failed call is answered with the HTTP status below and a JSON body
\`{ "detail": …, "code": …, "retryable": …, "remediation": …, "request_id": … }\`. The SDK throws a \`SandboxError\` with the
same \`code\`. A command that ends with a non-zero exit code is no error: its result says so.

*Retryable* means that the same request may succeed later, unchanged.

${table(['Code', 'Status', 'Retryable', 'What to do'], rows)}
`
}
