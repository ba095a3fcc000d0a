export { engineSuite } from './require-engine.ts'
