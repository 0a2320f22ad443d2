// One step of what is measured through the library, as a process of its own, so that its memory is its own. Prints its
// figures as JSON: `node scripts/run-ts.js bench/library/step.ts STEP FOLDER COUNT`.
import { createRepository, type PackRepository } from '../../src/core/repo/open-repository.ts'
import { gc } from '../../src/core/repo/gc.ts'
import { verify } from '../../src/core/repo/verify.ts'
import { parseId } from '../../src/core/model/id.ts'
import { parsePackageName } from '../../src/core/model/package-name.ts'
import { readObject } from '../../src/core/store/pack-store.ts'
import { fileBackend } from '../../src/plugins/backends/file.ts'
import { machineAmbient } from '../../src/session/ambient.ts'
import { scratchFolder } from '../../src/session/scratch-folder.ts'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { hashBytes } from '#hash'
import type { Figures, Step } from './measured-step.ts'
import { makeSmallObjects, smallObject } from './small-objects.ts'
import { farColumnSteps } from './far-columns.ts'
import { tableSteps } from './tables.ts'
import { editWideFolder, makeWideFolder } from './wide-folder.ts'

/** Builds of a hundred objects each: what a repack joins. */
const smallBuilds = 20

const steps: Readonly<Record<string, Step>> = {
  ...tableSteps,
  ...farColumnSteps,
  'w3-make': async (folder, count) => {
    const tree = await makeWideFolder(await open(folder), count)
    fs.writeFileSync(join(folder, 'tree.txt'), tree)
    return {}
  },
  'w3-edit': async (folder, count) => {
    const tree = parseId(fs.readFileSync(join(folder, 'tree.txt'), 'utf8'))
    const { changes, ...figures } = await editWideFolder(await open(folder), tree, count)
    if (changes !== 1) throw new Error(`the comparison told of ${String(changes)} changes`)
    return figures
  },
  'w6-make': async (folder, count) => {
    await makeSmallObjects(await open(folder), 'bench/small', count)
    return {}
  },
  'w6-litter': async (folder, count) => {
    const repository = await open(folder)
    for (let i = 0; i < smallBuilds; i++) {
      const from = Math.ceil(count * 2 + Math.random() * count * 1000)
      await makeSmallObjects(repository, `bench/few-${machineAmbient.randomName()}`, 100, from)
    }
    const gone = `bench/gone-${machineAmbient.randomName()}`
    await makeSmallObjects(repository, gone, Math.ceil(count / 100), count * 2000)
    await repository.refs.remove(parsePackageName(gone), {
      who: { name: 'Bench', email: 'bench@example.com', time: new Date() },
      reason: 'rm',
    })
    return {}
  },
  'w6-open': async (folder, count) => {
    const wanted = hashBytes(smallObject(Math.floor(count / 3)))
    const begin = performance.now()
    const repository = await open(folder)
    const { body } = await readObject(repository.objects, wanted)
    const took = performance.now() - begin
    if (body.length === 0) throw new Error('an empty object')
    return { open: took }
  },
  'w6-gc': (folder) => collect(folder, false),
  'w6-repack': (folder) => collect(folder, true),
  'w6-verify': async (folder) => {
    const begin = performance.now()
    const scratch = scratchOf(folder)
    const { checked, problems } = verify(await open(folder), { scratch })
    for await (const { message } of problems) throw new Error(message)
    scratch.close()
    return { seconds: (performance.now() - begin) / 1000, objects: checked.objects }
  },
}

async function collect(folder: string, joinSmall: boolean): Promise<Figures> {
  const begin = performance.now()
  const scratch = scratchOf(folder)
  const { packsDeleted } = await gc(await open(folder), { joinSmall, scratch })
  scratch.close()
  return { seconds: (performance.now() - begin) / 1000, packsDeleted }
}

function open(folder: string): Promise<PackRepository> {
  return createRepository(fileBackend(folder, machineAmbient), machineAmbient)
}

function scratchOf(folder: string): ReturnType<typeof scratchFolder> {
  return scratchFolder(fs, () => join(folder, 'cache', 'scratch'), machineAmbient)
}

const [name = '', folder = '', count = ''] = process.argv.slice(2)
const step = steps[name]
if (step === undefined) throw new Error(`there is no step "${name}"`)
const figures = await step(folder, Number(count))
const peak = process.resourceUsage().maxRSS * 1024
process.stdout.write(`${JSON.stringify({ ...figures, peak })}\n`)
