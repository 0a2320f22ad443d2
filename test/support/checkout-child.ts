// A checkout onto a disk that is too small, in a process of its own: `checkout-child.ts FOLDER`. The store is in
// memory. Prints the error's code and message, and what is left in the folder.
import * as nodeFs from 'node:fs'
import { isQuiltError } from '../../src/core/base/error.ts'
import { noise } from './store-bench.ts'
import { worktreeBench } from './worktree-bench.ts'
import { hashBytes } from '#hash'

const [folder = ''] = process.argv.slice(2)
const bench = await worktreeBench()
const bodies = [...Array.from({ length: 40 }, (_, i) => noise(50_000, i + 1)), noise(4_000_000, 99)]
const tree = await bench.tree(
  bodies.map((body, i) => ({
    type: 'file',
    name: `f${String(i).padStart(2, '0')}`,
    id: hashBytes(body),
    size: body.length,
  })),
  bodies,
)
nodeFs.mkdirSync(`${folder}/there`)
nodeFs.writeFileSync(`${folder}/there/f07`, 'mine')
const ends: unknown[] = []
for (const [name, force] of [
  ['new', false],
  ['there', true],
] as const) {
  const error: unknown = await bench
    .put({ fs: nodeFs, folder: `${folder}/${name}`, force }, tree)
    .catch((thrown: unknown) => thrown)
  ends.push(isQuiltError(error) ? [error.code, error.message] : [String(error)])
}
const left = nodeFs.readdirSync(folder, { recursive: true }).map(String).sort()
console.log(JSON.stringify({ ends, left, mine: nodeFs.readFileSync(`${folder}/there/f07`, 'utf8') }))
