export { createLocalBackend, localBackend, localBackend as default } from './create-local-backend.ts'
export { detectLocal, type FindHostOptions } from './host/local-host.ts'
export { localConfigSchema, type LocalConfig } from './local-config.ts'
