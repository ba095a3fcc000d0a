const secretName = /TOKEN|PASSWORD|SECRET|ACCESS_KEY|CREDENTIAL|_KEY$/

/** `message` without `value`, when the name says that the value is a secret. */
export function redactProblem(name: string, message: string, value: string | undefined): string {
  if (!secretName.test(name) || !value) return message
  return message.replaceAll(JSON.stringify(value), '(not shown)').replaceAll(value, '(not shown)')
}
