import { labels, type ContainerBackend, type SandboxRecord } from '@runtime-sandbox/core'

export type RemoveContainerOptions = { backend: ContainerBackend; stateKey: string }

/** Removes the container of a sandbox, also when only its name is known. One that is gone is success. */
export async function removeContainer(
  record: SandboxRecord,
  { backend, stateKey }: RemoveContainerOptions,
): Promise<void> {
  if (record.containerId !== '') return backend.remove(record.containerId)
  const info = await backend.inspect(record.name)
  if (info && info.labels[labels.stateKey] === stateKey) await backend.remove(info.id)
}
