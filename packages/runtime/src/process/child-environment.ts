import { randomUUID } from 'node:crypto'
import { callMark } from './kill-tree.ts'

/** Variables of the runtime itself, which nothing that it starts may see. */
const ownVariables = /^(SECRET_TOKEN|SECRET_TOKEN_FD|NGINX_TIMEOUT|RUNTIME_[A-Z_]+|NODE_COMPILE_CACHE)$/

export type ChildEnvironment = NodeJS.ProcessEnv & { [callMark]: string }

/** The environment of shells, kernels and servers that the runtime starts, with a mark by which they are found again. */
export function childEnvironment(environment: NodeJS.ProcessEnv): ChildEnvironment {
  const kept = Object.entries(environment).filter(([name]) => !ownVariables.test(name))
  return { ...Object.fromEntries(kept), [callMark]: randomUUID() }
}
