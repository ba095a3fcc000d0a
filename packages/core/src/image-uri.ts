/** Where sandbox images come from: the three RUNTIME_SANDBOX_* variables. */
export type ImageNaming = {
  /** RUNTIME_SANDBOX_REGISTRY; empty = Docker Hub. */
  registry: string
  /** RUNTIME_SANDBOX_IMAGE_NAMESPACE. */
  namespace: string
  /** RUNTIME_SANDBOX_IMAGE_TAG. */
  tag: string
}

export const defaultImageNaming: Readonly<ImageNaming> = { registry: '', namespace: 'agentscope', tag: 'latest' }

// Shared by all copies of this package in one process, so that an extension sees what the app configured.
const namingKey = Symbol.for('@runtime-sandbox/image-naming')
const shared = globalThis as { [namingKey]?: ImageNaming }

/** The naming in force; apps set it once at start, before extensions are loaded. */
export function setImageNaming(naming: ImageNaming): void {
  shared[namingKey] = naming
}

/** The naming that `environment` asks for. */
export function imageNamingFrom(environment: Record<string, string | undefined>): ImageNaming {
  return {
    registry: environment['RUNTIME_SANDBOX_REGISTRY']?.trim() ?? defaultImageNaming.registry,
    namespace: environment['RUNTIME_SANDBOX_IMAGE_NAMESPACE']?.trim() || defaultImageNaming.namespace,
    tag: environment['RUNTIME_SANDBOX_IMAGE_TAG']?.trim() || defaultImageNaming.tag,
  }
}

/**
 * `[<registry>/]<namespace>/<name>:<tag>`, e.g. `agentscope/runtime-sandbox-base:latest`.
 *
 * @param name an image name without registry, namespace and tag, e.g. `runtime-sandbox-base`
 * @param naming default: the naming in force
 */
export function buildImageUri(name: string, naming: ImageNaming = shared[namingKey] ?? defaultImageNaming): string {
  const registry = naming.registry.replace(/\/+$/, '')
  return `${registry ? `${registry}/` : ''}${naming.namespace}/${name}:${naming.tag}`
}
