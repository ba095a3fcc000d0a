/** Takes the token out of the environment of the shell, without exporting it under another name, and hands it on over descriptor 3. */
const script = `unset runtime_secret; runtime_secret=$SECRET_TOKEN; unset SECRET_TOKEN; export SECRET_TOKEN_FD=3
exec "$0" "$@" 3<<END
$runtime_secret
END
`

/**
 * A process's first environment stays readable in /proc for every process of its user, whatever it deletes later. When the token came
 * that way, this process replaces itself (same id, one more start of Node.js) by one that reads it from a descriptor. It returns only
 * when there is nothing to hide, or this Node.js cannot replace its process.
 */
export function hideToken(environment: NodeJS.ProcessEnv): void {
  if (!environment['SECRET_TOKEN'] || environment['SECRET_TOKEN_FD'] !== undefined) return
  const argv = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  process.execve?.('/bin/sh', ['/bin/sh', '-c', script, ...argv], environment)
}
