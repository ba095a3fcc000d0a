/** Labels on every engine resource, so that a restarted server finds what is its own. */
export const labels = {
  /** CONTAINER_PREFIX_KEY of the deployment. */
  deployment: 'runtime-sandbox.deployment',
  /** Which state store the record is in: only a server with this store may judge the resource an orphan. */
  stateKey: 'runtime-sandbox.state-key',
  name: 'runtime-sandbox.name',
  sandboxType: 'runtime-sandbox.type',
  sessionId: 'runtime-sandbox.session-id',
  poolKey: 'runtime-sandbox.pool-key',
  timeoutSeconds: 'runtime-sandbox.timeout-seconds',
  storagePath: 'runtime-sandbox.storage-path',
  /** Names of the variables that the caller asked for, separated by commas. */
  variables: 'runtime-sandbox.variables',
  sessionContextId: 'runtime-sandbox.session-context-id',
} as const
