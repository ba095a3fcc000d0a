import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { runCommand } from '../bootstrap/run-command.mjs'
import { root } from './workspace-packages.ts'

/**
 * No file under version control names the folder of this checkout, or the host of the package registry that happens to
 * be used here: both are true on one machine alone.
 */
export async function checkPrivateWords(): Promise<void> {
  const words = [...checkoutWords(root), ...(await registryHosts())]
  const tracked = (await runCommand('git', ['ls-files', '-z'], { cwd: root })).split('\0').filter((file) => file !== '')
  const problems = await Promise.all(
    tracked.map(async (file) => {
      const content = await readFile(path.join(root, file), 'latin1').catch(() => '')
      return words.filter((word) => mentions(content, word)).map((word) => `${file} contains ${word}`)
    }),
  )
  if (problems.flat().length > 0) throw new Error(problems.flat().join('\n'))
}

/** A folder right below the root (`/app`) is too common a word to look for. */
export function checkoutWords(directory: string): string[] {
  return directory.split('/').length > 2 ? [directory] : []
}

/** Whether `word` stands in the text as a path or host of its own, not as the beginning of a longer one. */
export function mentions(text: string, word: string): boolean {
  let at = text.indexOf(word)
  while (at !== -1) {
    if (!/[\w.-]/.test(text.charAt(at + word.length)) && !/[\w.]/.test(text.charAt(at - 1))) return true
    at = text.indexOf(word, at + 1)
  }
  return false
}

async function registryHosts(): Promise<string[]> {
  const npmRegistry = (await runCommand('npm', ['config', 'get', 'registry'], { cwd: root })).trim().split('\n').at(-1)
  const addresses = [npmRegistry, process.env['PIP_INDEX_URL'], process.env['PIP_EXTRA_INDEX_URL']]
  return addresses.flatMap((address) => (address && URL.canParse(address) ? [new URL(address).hostname] : []))
}
