import { SandboxError, defaultLimits, type ResourceLimits } from '@runtime-sandbox/core'

/** What this machine can bound, and how strongly. */
export type LimitMeans = {
  /** Controllers in which the engine can make cgroups. */
  controllers: ReadonlySet<Controller>
  /** Each sandbox has a user of its own, so that rlimits count it alone. */
  ownUser: boolean
  /** Processes and threads of the server's user, where sandboxes share it; they count too. */
  userProcesses?: () => number
}

export type Controller = 'memory' | 'cpu' | 'pids'

export type LimitPlan = {
  /** Enforced on the sandbox as a whole. */
  cgroup: { memoryBytes?: number; cpus?: number; pids?: number }
  /** Enforced on a user (processes) or on each process (data). */
  rlimits: { processes?: number; dataBytes?: number }
  shmBytes: number
}

const defaultShmBytes = 64 * 2 ** 20

/**
 * How to enforce `limits`. A limit that equals the general default, or is not set, is applied as strongly as this machine can;
 * any other is enforced or refused.
 *
 * @throws SandboxError `not_supported`
 */
export function planLimits(limits: ResourceLimits, means: LimitMeans): LimitPlan {
  const wanted = { ...defaultLimits, ...limits }
  const plan: LimitPlan = { cgroup: {}, rlimits: {}, shmBytes: wanted.shmBytes ?? defaultShmBytes }
  planMemory(plan, wanted.memoryBytes!, means)
  planCpus(plan, wanted.cpus!, means)
  planPids(plan, wanted.pids!, means)
  return plan
}

function planMemory(plan: LimitPlan, memoryBytes: number, { controllers }: LimitMeans): void {
  if (controllers.has('memory')) plan.cgroup.memoryBytes = memoryBytes
  else if (memoryBytes === defaultLimits.memoryBytes) plan.rlimits.dataBytes = memoryBytes
  else throw refusal('memory', 'memory')
}

function planCpus(plan: LimitPlan, cpus: number, { controllers }: LimitMeans): void {
  if (controllers.has('cpu')) plan.cgroup.cpus = cpus
  else if (cpus !== defaultLimits.cpus) throw refusal('cpu', 'cpu')
}

function planPids(plan: LimitPlan, pids: number, { controllers, ownUser, userProcesses }: LimitMeans): void {
  if (controllers.has('pids')) plan.cgroup.pids = pids
  else if (ownUser) plan.rlimits.processes = pids
  else if (pids === defaultLimits.pids) plan.rlimits.processes = pids + (userProcesses?.() ?? 0)
  else throw refusal('pids', 'pids')
}

function refusal(limit: string, controller: string): SandboxError {
  return new SandboxError(
    'not_supported',
    `limit ${limit}: the local engine has no cgroup with the ${controller} controller here;` +
      ' run the server as root or in a delegated cgroup (LOCAL_CGROUP)',
  )
}

/** One line for the log: what bounds a sandbox here. */
export function describeMeans({ controllers, ownUser }: LimitMeans): string {
  const by = (controller: Controller, otherwise: string) => (controllers.has(controller) ? 'cgroup' : otherwise)
  return [
    `memory by ${by('memory', 'rlimit of each process')}`,
    `cpu by ${by('cpu', 'nothing')}`,
    `pids by ${by('pids', ownUser ? 'rlimit of its user' : "rlimit of the server's user")}`,
  ].join(', ')
}
