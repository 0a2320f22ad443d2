// Writes a stat cache until far past what the test's small disk holds: `stat-cache-child.ts FOLDER`.
import { openStatCache, type CachedFile } from '../../src/worktree/stat-cache.ts'
import { idOf } from './ref-bench.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('which folder?')
const id = idOf(1234)
const cache = await openStatCache(folder, () => undefined)
for (let i = 0; i < 200; i++) {
  const files = new Map<string, CachedFile>(
    Array.from({ length: 4000 }, (_, n) => [
      `${String(Math.random())}n${String(n)}`,
      { stamp: { size: n, modified: Math.random(), changed: Math.random(), inode: n }, id },
    ]),
  )
  await cache.write({ folder: `/x${String(i)}`, first: '', next: undefined, files })
}
await cache.close()
console.log('done')
