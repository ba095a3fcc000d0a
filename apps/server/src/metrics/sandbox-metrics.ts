import type { Clock, SandboxState } from '@runtime-sandbox/core'
import type { SandboxEvent } from '@runtime-sandbox/manager'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export type SandboxMetricsOptions = { registry: Registry; clock: Clock }

/** States that are counted; a record in another one stands for nothing that costs anything. */
const countedStates: ReadonlySet<SandboxState> = new Set(['creating', 'warm', 'running', 'recycled'])
const startBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

/**
 * What becomes of sandboxes, from the events of the manager alone: nothing is asked for a scrape. Of servers that share a store
 * each counts what it did itself, so that their gauges add up.
 *
 * @returns the listener for the manager's `onEvent`
 */
export function sandboxMetrics({ registry, clock }: SandboxMetricsOptions): (event: SandboxEvent) => void {
  const registers = [registry]
  const sandboxes = new Gauge({
    name: 'runtime_sandbox_sandboxes',
    help: 'Sandboxes by type and state; of several servers with one store, the sum counts.',
    labelNames: ['type', 'state'],
    registers,
  })
  const transitions = new Counter({
    name: 'runtime_sandbox_transitions_total',
    help: 'Changes of state. warm to running is a claim of a parked sandbox, creating to running a cold start.',
    labelNames: ['type', 'from', 'to'],
    registers,
  })
  const starts = new Histogram({
    name: 'runtime_sandbox_start_duration_seconds',
    help: 'From the decision to make a sandbox until its runtime was healthy.',
    labelNames: ['type'],
    buckets: startBuckets,
    registers,
  })
  const startedAt = new Map<string, number>()
  return ({ name, sandboxType: type, from, to }) => {
    if (from !== to) {
      if (from !== null && countedStates.has(from)) sandboxes.dec({ type, state: from })
      if (to !== null && countedStates.has(to)) sandboxes.inc({ type, state: to })
      transitions.inc({ type, from: from ?? 'none', to: to ?? 'none' })
    }
    if (to === 'creating') {
      startedAt.set(name, clock.now())
      return
    }
    const begun = startedAt.get(name)
    if (begun === undefined) return
    startedAt.delete(name)
    if (to === 'warm' || to === 'running') starts.observe({ type }, (clock.now() - begun) / 1000)
  }
}
