import { isAbsolute, relative, resolve, sep } from 'node:path'
import { z } from 'zod'
import { defineStorage, optionalSetting } from '@runtime-sandbox/core'
import { createLocalStorage } from './local-storage.ts'

const defaultDirectory = 'sessions_storage_dir'

const configSchema = z
  .object({
    LOCAL_STORAGE_DIR: optionalSetting
      .optional()
      .describe(
        'Parent folder of kept workspaces on this machine. Storage paths are relative to it, or absolute and inside it. ' +
          'Default: STORAGE_FOLDER where that is absolute.',
      )
      .meta({ type: 'path', default: defaultDirectory }),
    // The server's own setting; what it names has to lie in the storage.
    STORAGE_FOLDER: optionalSetting.optional(),
  })
  .superRefine(({ LOCAL_STORAGE_DIR: root, STORAGE_FOLDER: folder }, context) => {
    if (root === undefined || folder === undefined) return
    const way = relative(resolve(root), resolve(root, folder))
    if (way !== '..' && !way.startsWith(`..${sep}`)) return
    context.addIssue({ code: 'custom', path: ['STORAGE_FOLDER'], message: 'must lie inside LOCAL_STORAGE_DIR' })
  })

/** The storage `local`. */
export const localStorage = defineStorage({
  name: 'local',
  configSchema,
  create: ({ LOCAL_STORAGE_DIR: root, STORAGE_FOLDER: folder }) =>
    createLocalStorage({ rootDirectory: root ?? (folder && isAbsolute(folder) ? folder : defaultDirectory) }),
})
