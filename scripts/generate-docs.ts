// npm run docs [-- --check]
//
// Writes the pages under docs/reference from what the code itself says. With --check it writes nothing and fails when a
// page is not what it would write.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { settingsReference } from '../apps/server/src/settings/reference.ts'
import { errorTable } from '../packages/core/src/index.ts'
import { errorsPage } from './docs/errors-page.ts'
import { settingsPage } from './docs/settings-page.ts'

const folder = fileURLToPath(new URL('../docs/reference', import.meta.url))
const pages = {
  'errors.md': errorsPage(errorTable),
  'settings.md': settingsPage(await settingsReference()),
}

const isCheck = process.argv.includes('--check')
await mkdir(folder, { recursive: true })
for (const [name, content] of Object.entries(pages)) {
  const file = path.join(folder, name)
  const isCurrent = (await readFile(file, 'utf8').catch(() => '')) === content
  if (isCurrent) continue
  if (!isCheck) await writeFile(file, content)
  process.stdout.write(isCheck ? `docs/reference/${name} is stale: npm run docs\n` : `docs/reference/${name} written\n`)
  if (isCheck) process.exitCode = 1
}
