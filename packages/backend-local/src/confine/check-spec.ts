import { SandboxError, type ContainerSpec } from '@runtime-sandbox/core'

/** The image whose tools this machine itself has. */
const ownImage = 'runtime-sandbox-base'

/** @throws SandboxError `not_supported` for an image that needs a container engine */
export function checkImage(image: string, sandboxType?: string): void {
  if (imageName(image) === ownImage) return
  const subject = sandboxType === undefined ? '' : `sandbox type ${sandboxType}: `
  throw new SandboxError(
    'not_supported',
    `${subject}image ${image} needs a container engine; the local engine has no images and runs ${ownImage} only,` +
      ' with the programs of this machine',
  )
}

/** `registry:5000/a/name:tag@sha256:…` → `name` */
function imageName(image: string): string {
  const reference = image.split('@')[0]!
  return reference.slice(reference.lastIndexOf('/') + 1).split(':')[0]!
}

/** @throws SandboxError `not_supported`, `invalid_argument` */
export function checkSpec(spec: ContainerSpec, { hostNetwork }: { hostNetwork: boolean }): void {
  checkImage(spec.image, spec.sandboxType)
  const options = Object.keys(spec.runtimeConfig)
  if (options.length > 0) {
    throw new SandboxError(
      'not_supported',
      `the local engine has no runtimeConfig options, so not ${options.join(', ')}`,
    )
  }
  if (spec.security.network === 'required' && !hostNetwork) {
    throw new SandboxError(
      'not_supported',
      `sandbox type ${spec.sandboxType} asks for a network, and LOCAL_NETWORK is none (LOCAL_NETWORK=host shares that of this machine)`,
    )
  }
  if (!spec.environment['SECRET_TOKEN'])
    throw new SandboxError('invalid_argument', 'environment: SECRET_TOKEN is missing')
}
