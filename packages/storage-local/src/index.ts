export { createLocalStorage, type LocalStorageOptions } from './local-storage.ts'
export { localStorage, localStorage as default } from './plugin.ts'
