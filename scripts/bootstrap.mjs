// node scripts/bootstrap.mjs <setup|quickstart|start|test|check> [arguments…]
//
// Makes a bare machine (Node.js 20 or later and npm) ready, then runs what was asked under the project's own Node.js.
// Everything is idempotent; when nothing changed it costs a fraction of a second. No dependency, and nothing newer
// than Node.js 20 in any file that it imports.
import { requirePlatform } from './bootstrap/platform.mjs'

requirePlatform()
const { main } = await import('./bootstrap/main.mjs')
process.exitCode = await main(process.argv.slice(2))
