/** Variables of the runtime itself, which nothing that it starts may see. */
const ownVariables = /^(SECRET_TOKEN|SECRET_TOKEN_FD|NGINX_TIMEOUT|RUNTIME_[A-Z_]+|NODE_COMPILE_CACHE)$/

/** The environment of shells, kernels and servers that the runtime starts. */
export function childEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !ownVariables.test(name)))
}
