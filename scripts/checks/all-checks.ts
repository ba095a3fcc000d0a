import { runCommand } from '../bootstrap/run-command.mjs'
import { checkDependencyDirections } from './dependency-directions.ts'
import { checkInstalledPackages } from './install.ts'
import { checkTarballs } from './pack.ts'
import { checkPackageMetadata } from './package-metadata.ts'
import { checkPrivateWords } from './private-words.ts'
import type { Check } from './run-checks.ts'
import { root } from './workspace-packages.ts'

/** In the order of their cost, but for what depends on the build, which comes last. */
export const allChecks: readonly Check[] = [
  command('types', 'tsc', ['--noEmit', '-p', 'tsconfig.json']),
  command('lint', 'oxlint', ['--type-aware', '--deny-warnings']),
  command('format', 'oxfmt', ['--check', '.']),
  command('versions', 'sherif', []),
  command('dead-code', 'knip', ['--no-progress']),
  { name: 'directions', run: checkDependencyDirections },
  { name: 'metadata', run: checkPackageMetadata },
  { name: 'private-words', run: checkPrivateWords },
  command('docs', process.execPath, ['--conditions=@runtime-sandbox/source', 'scripts/generate-docs.ts', '--check']),
  { name: 'tarballs', run: checkTarballs },
  { name: 'install', run: checkInstalledPackages },
]

function command(name: string, file: string, argumentList: string[]): Check {
  return {
    name,
    run: async () => {
      await runCommand(file, argumentList, { cwd: root })
    },
  }
}
