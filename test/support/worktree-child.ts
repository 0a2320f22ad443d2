// A snapshot and a checkout in a process of their own: `worktree-child.ts large|many FOLDER`. Prints what they took.
import * as nodeFs from 'node:fs'
import { randomBytes } from 'node:crypto'
import { createRepository } from '../../src/core/repo/open-repository.ts'
import { walk } from '../../src/core/tree/walk.ts'
import { fileBackend } from '../../src/plugins/backends/file.ts'
import { machineAmbient } from '../../src/session/ambient.ts'
import { checkout } from '../../src/worktree/checkout.ts'
import { snapshot } from '../../src/worktree/snapshot.ts'
import { noStatCache } from '../../src/worktree/stat-cache.ts'

const [kind, root = ''] = process.argv.slice(2)
const source = `${root}/in`
nodeFs.mkdirSync(source)
if (kind === 'large') nodeFs.renameSync(`${root}/sparse`, `${source}/sparse`)
else for (let i = 0; i < 4000; i++) nodeFs.writeFileSync(`${source}/f${String(i)}`, randomBytes(8))

const ambient = machineAmbient
const repo = await createRepository(
  fileBackend(`${root}/store`, { randomName: () => ambient.randomName() }),
  ambient,
)
const { objects } = repo
const take = (folder: string): ReturnType<typeof snapshot> =>
  objects.batch((out) =>
    snapshot({
      fs: nodeFs,
      folder,
      out,
      cache: noStatCache,
      now: () => ambient.now(),
      outside: 'refuse',
      depth: 0,
    }),
  )
const made = await take(source)
const target = {
  fs: nodeFs,
  folder: `${root}/out`,
  objects,
  recipe: () => Promise.resolve(undefined),
  force: false,
  windows: false,
  randomName: ambient.randomName(),
}
const { files } = await checkout(target, () => walk(objects, made.tree))
const again = await take(`${root}/out`)
const rssMegabytes = Math.round(process.resourceUsage().maxRSS / 1024)
console.log(JSON.stringify({ rssMegabytes, files, same: again.tree === made.tree ? 1 : 0 }))
await repo.close()
