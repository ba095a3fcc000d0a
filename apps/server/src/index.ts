export { chooseEngine, type ChooseEngineOptions, type EngineChoice } from './compose/choose-engine.ts'
export {
  loadConfiguration,
  type Configuration,
  type ConfigurationOptions,
  type Configured,
} from './compose/load-configuration.ts'
export { startEmbedded, type Embedded, type StartEmbeddedOptions } from './compose/start-embedded.ts'
export {
  startServer,
  type CloseServerOptions,
  type RunningServer,
  type StartServerOptions,
} from './compose/start-server.ts'
export { exitCodes, type ExitCode } from './exit-codes.ts'
export type { AccessPolicy } from './http/access.ts'
export { createHttpApp, type HttpApp, type HttpAppOptions } from './http/http-app.ts'
export type { ManagerSource } from './http/http-environment.ts'
export { listen, type Listener, type ListenOptions } from './http/listen.ts'
export { openApiDocument, type OpenApiDocument, type Operation } from './http/openapi.ts'
export { createLogger, logLevels, type CreateLoggerOptions, type LogLevel } from './log.ts'
export { settingsReference, type SettingReference } from './settings/reference.ts'
export type { Environment } from './settings/setting-sources.ts'
export { settingsSchema, type Settings } from './settings/settings-schema.ts'
export { StartupError } from './startup-error.ts'
