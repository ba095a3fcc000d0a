import type { Container } from '@runtime-sandbox/core'
import { dialRuntime } from './dial-runtime.ts'

export type ShellOutcome = { stdout: string; stderr: string; returncode: number }

export type ShellOptions = { token: string; timeoutMs?: number }

type ToolItem = { text: string; description: string }

/** Runs a command through the runtime of a sandbox. @throws Error when the runtime refuses or does not answer */
export async function runShell(
  { url }: Pick<Container, 'url'>,
  command: string,
  { token, timeoutMs }: ShellOptions,
): Promise<ShellOutcome> {
  const { status, text } = await dialRuntime(url, '/fastapi/tools/run_shell_command', {
    method: 'POST',
    token,
    body: { command },
    ...(timeoutMs !== undefined && { timeoutMs }),
  })
  if (status !== 200) throw new Error(`run_shell_command answered ${status}: ${text.slice(0, 500)}`)
  const items = (JSON.parse(text) as { content: ToolItem[] }).content
  const item = (description: string) => items.find((candidate) => candidate.description === description)?.text
  return { stdout: item('stdout') ?? '', stderr: item('stderr') ?? '', returncode: Number(item('returncode')) }
}

/** A command that runs `program` with Python; nothing in it needs quoting. */
export function pythonCommand(program: string): string {
  const encoded = Buffer.from(program).toString('base64')
  return `python3 -c "import base64; exec(base64.b64decode('${encoded}'))"`
}
