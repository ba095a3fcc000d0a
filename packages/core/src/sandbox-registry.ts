import { builtInTypes } from './built-in-types.ts'
import { buildImageUri } from './image-uri.ts'
import { SandboxError } from './sandbox-error.ts'
import {
  baseTypeName,
  sandboxTypeOptionsSchema,
  type SandboxTypeDefinition,
  type SandboxTypeOptions,
} from './sandbox-type.ts'

type SandboxClass = abstract new (...parameters: never[]) => unknown
type Entry = Omit<SandboxTypeDefinition, 'image'> & { image: () => string }

function entryOf(image: () => string, options: SandboxTypeOptions): Entry {
  const parsed = sandboxTypeOptionsSchema.safeParse(options)
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
    throw new SandboxError('invalid_argument', `sandbox type ${JSON.stringify(options.sandboxType)}: ${problems}`)
  }
  const { sandboxType, resourceLimits, timeout, network, environment, runtimeConfig, ...rest } = parsed.data
  // Definitions are handed out as they are; nobody may change one for all the others.
  const shared = {
    limits: Object.freeze(resourceLimits ?? {}),
    environment: Object.freeze(environment),
    runtimeConfig: Object.freeze(runtimeConfig),
  }
  return { ...rest, ...shared, name: sandboxType, image, network, timeoutSeconds: timeout }
}

/**
 * The sandbox types that a process knows: the built-in ones, and those that are registered by decorator or by call.
 * A later registration of the same name wins.
 */
export class SandboxRegistry {
  readonly #entries = new Map<string, Entry>()
  readonly #typesOfClasses = new WeakMap<object, string>()

  constructor() {
    for (const { imageName, ...options } of builtInTypes) {
      this.#entries.set(
        options.sandboxType,
        entryOf(() => buildImageUri(imageName), options),
      )
    }
  }

  /**
   * Registers a type in the registry of this process. Call it, or decorate a sandbox class with its result.
   *
   * @example
   * SandboxRegistry.register(buildImageUri('runtime-sandbox-mine'), { sandboxType: 'mine' })
   *
   * \@SandboxRegistry.register(buildImageUri('runtime-sandbox-mine'), { sandboxType: 'mine' })
   * class MySandbox extends Sandbox {}
   *
   * @param image full image reference
   * @throws SandboxError `invalid_argument` naming every wrong option
   */
  static register(image: string, options: SandboxTypeOptions): <Class extends SandboxClass>(target: Class) => Class {
    return sandboxRegistry().register(image, options)
  }

  /** See the static method; this one registers in this registry. */
  register(image: string, options: SandboxTypeOptions): <Class extends SandboxClass>(target: Class) => Class {
    if (image.trim() === '')
      throw new SandboxError('invalid_argument', `sandbox type ${options.sandboxType}: image is empty`)
    const entry = entryOf(() => image, options)
    this.#entries.set(entry.name, entry)
    return (target) => {
      this.#typesOfClasses.set(target, entry.name)
      return target
    }
  }

  /** The definition of a type; `x_async` is `x`. @throws SandboxError `unknown_sandbox_type` in the words of the wire contract */
  get(name: string): SandboxTypeDefinition {
    const entry = this.#entries.get(name) ?? this.#entries.get(baseTypeName(name))
    if (!entry) throw new SandboxError('unknown_sandbox_type', `'${name}' is not a valid SandboxType`)
    return { ...entry, image: entry.image() }
  }

  has(name: string): boolean {
    return this.#entries.has(name) || this.#entries.has(baseTypeName(name))
  }

  /** All definitions, in order of registration. */
  list(): SandboxTypeDefinition[] {
    return [...this.#entries.values()].map((entry) => ({ ...entry, image: entry.image() }))
  }

  /** Name of the type that a class was decorated with, or that a class above it was. */
  typeOfClass(target: object): string | undefined {
    for (let current: object | null = target; current; current = Object.getPrototypeOf(current) as object | null) {
      const name = this.#typesOfClasses.get(current)
      if (name !== undefined) return name
    }
    return undefined
  }
}

// One registry for all copies of this package in a process: an extension may bring its own copy.
const registryKey = Symbol.for('@runtime-sandbox/registry')
const shared = globalThis as { [registryKey]?: SandboxRegistry }

/** The registry of this process, where decorated classes and extensions register. */
export function sandboxRegistry(): SandboxRegistry {
  return (shared[registryKey] ??= new SandboxRegistry())
}
