import type { SettingReference } from '../../apps/server/src/settings/reference.ts'
import { code, generatedNotice, table } from './markdown.ts'

/** The settings reference, a section for each group, from the server's schema and the plugins' own. */
export function settingsPage(settings: readonly SettingReference[]): string {
  const groups = Map.groupBy(settings, ({ group }) => group)
  const sections = [...groups].map(([group, rows]) => `## ${group}\n\n${settingsTable(rows)}`)
  return `# Settings

${generatedNotice}

Settings are environment variables. They are read, in this order, from the file given to \`--config\` (which overrides the
environment), else from \`.env\` in the working directory (which does not). An invalid value stops the start: every problem
is listed by name, and the exit code is 78.

${sections.join('\n\n')}
`
}

function settingsTable(rows: readonly SettingReference[]): string {
  return table(
    ['Setting', 'Value', 'Default', 'Meaning'],
    rows.map((row) => [
      code(row.name),
      row.type,
      row.default === '' ? '' : code(row.default),
      row.effective ? row.description : `${row.description} *(Read and checked, without effect in this version.)*`,
    ]),
  )
}
