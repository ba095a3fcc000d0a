/**
 * The reference under which the server looks for the base image: `[<registry>/]<namespace>/runtime-sandbox-base:<tag>`.
 *
 * @param {NodeJS.ProcessEnv} environment
 */
export function baseImageTag(environment) {
  const registry = (environment['RUNTIME_SANDBOX_REGISTRY'] ?? '').trim().replace(/\/+$/, '')
  const namespace = environment['RUNTIME_SANDBOX_IMAGE_NAMESPACE']?.trim() || 'agentscope'
  const tag = environment['RUNTIME_SANDBOX_IMAGE_TAG']?.trim() || 'latest'
  return `${registry ? `${registry}/` : ''}${namespace}/runtime-sandbox-base:${tag}`
}
