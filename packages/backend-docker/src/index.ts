export { createDockerBackend } from './create-docker-backend.ts'
export type { DockerBackendOptions } from './docker-options.ts'
export { dockerBackend, dockerBackend as default, gvisorBackend } from './docker-plugin.ts'
