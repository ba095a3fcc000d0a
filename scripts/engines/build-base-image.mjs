import path from 'node:path'
import { parseArgs } from 'node:util'
import { note, step } from '../bootstrap/progress.mjs'
import { root } from '../bootstrap/workspace.mjs'
import { contextFiles, contextHash, defaultBaseImage, writeContext } from './build-context.mjs'
import { chooseBaseImage } from './choose-base-image.mjs'
import { createDebianBaseImage, debianBaseImageReference } from './debian-base-image.mjs'
import { buildImage, findImage, pullImage, removeUnnamedImage, requireEngine } from './docker.mjs'
import { baseImageTag } from './image-tag.mjs'
import { cleanUpOnSignals, withTemporaryDirectory } from './temporary-directory.mjs'

const usage = `Usage: node scripts/engines/build-base-image.mjs [options]

Builds the base sandbox image and prints its tag.

  --tag TAG              default: ${baseImageTag(process.env)}
                         (RUNTIME_SANDBOX_REGISTRY, RUNTIME_SANDBOX_IMAGE_NAMESPACE, RUNTIME_SANDBOX_IMAGE_TAG)
  --base-image IMAGE     a reference; debian: one made here with debootstrap; auto, the default: the public image,
                         or debian where it can neither be found nor pulled
  --ca-certificate FILE  a certificate (PEM) that the image shall trust; may be given several times
  --runtime FOLDER       the built runtime; default: packages/runtime/dist
  --if-changed           do nothing when the tag has an image that was made of the same
  --no-cache             build every layer anew
  --help
`

/** Labels of the image: what it was made of, for --if-changed, and for people. */
const labels = { inputs: 'runtime-sandbox.inputs', baseImage: 'runtime-sandbox.base-image' }

const options = /** @type {const} */ ({
  tag: { type: 'string' },
  'base-image': { type: 'string', default: 'auto' },
  'ca-certificate': { type: 'string', multiple: true, default: /** @type {string[]} */ ([]) },
  runtime: { type: 'string', default: path.join(root, 'packages', 'runtime', 'dist') },
  'if-changed': { type: 'boolean', default: false },
  'no-cache': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
})

function parseOptions() {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    process.exit(2)
  }
}

/** @param {ReturnType<typeof parseOptions>} given */
async function run(given) {
  const tag = given.tag ?? baseImageTag(process.env)
  const files = contextFiles({ runtimeFolder: given.runtime, certificates: given['ca-certificate'] })
  await withTemporaryDirectory('image-context', async (directory) => {
    writeContext(files, directory)
    await requireEngine()
    const baseImage = await provideBaseImage(given['base-image'])
    const inputs = contextHash(files, directory, (await findImage(baseImage))?.id ?? '')
    const previous = await findImage(tag)
    if (given['if-changed'] && previous?.labels[labels.inputs] === inputs) {
      note(`${tag} is up to date.`)
      return
    }
    const labelled = { [labels.inputs]: inputs, [labels.baseImage]: baseImage }
    const noCache = given['no-cache'] ? ['--no-cache'] : []
    await step(`building ${tag} on ${baseImage}`, () =>
      buildImage([...buildArguments(tag, baseImage, labelled), ...noCache, directory]),
    )
    if (previous !== undefined) await removeUnnamedImage(previous.id)
  })
  process.stdout.write(`${tag}\n`)
}

/** @param {string} wanted */
function provideBaseImage(wanted) {
  return chooseBaseImage(wanted, {
    publicImage: defaultBaseImage(),
    debianImage: debianBaseImageReference(),
    has: async (reference) => (await findImage(reference)) !== undefined,
    pull: pullImage,
    createDebian: createDebianBaseImage,
  })
}

/**
 * @param {string} tag
 * @param {string} baseImage
 * @param {Record<string, string>} labelled
 */
function buildArguments(tag, baseImage, labelled) {
  const labelArguments = Object.entries(labelled).flatMap(([name, value]) => ['--label', `${name}=${value}`])
  return ['--tag', tag, '--build-arg', `BASE_IMAGE=${baseImage}`, ...labelArguments]
}

const given = parseOptions()
cleanUpOnSignals()
if (given.help) {
  process.stdout.write(usage)
} else {
  try {
    await run(given)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
