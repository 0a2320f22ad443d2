// Every id of a repository in order: a merge of its indexes, one table of each in memory at a time.
import type { Context } from '../../base/context.ts'
import { entryBytes } from '../../codec/pack-index.ts'
import { idFromBytes, type Id } from '../../model/id.ts'
import type { IndexFile } from './index-file.ts'
import type { PackSet } from './pack-set.ts'

/** Every id that begins with `prefix`, ascending, each once. */
export async function* storedIds(packs: PackSet, prefix: string, ctx?: Context): AsyncGenerator<Id> {
  const open: { next: Id; rest: AsyncIterator<Id> }[] = []
  for (const index of await packs.indexes(ctx)) {
    const rest = indexIds(index, prefix, ctx)
    const first = await rest.next()
    if (first.done !== true) open.push({ next: first.value, rest })
  }
  let last: Id | undefined
  while (open.length > 0) {
    let least = 0
    for (let i = 1; i < open.length; i++) {
      if ((open[i] as { next: Id }).next < (open[least] as { next: Id }).next) least = i
    }
    const one = open[least] as { next: Id; rest: AsyncIterator<Id> }
    if (one.next !== last) yield (last = one.next)
    const after = await one.rest.next()
    if (after.done === true) open.splice(least, 1)
    else one.next = after.value
  }
}

async function* indexIds(index: IndexFile, prefix: string, ctx?: Context): AsyncGenerator<Id> {
  const { header } = index
  const [low, high] = slotsOf(prefix, header.fanBits)
  const from = low === 0 ? 0 : (header.fan[low - 1] as number)
  const to = header.fan[high] as number
  for (let at = from; at < to; at += 4096) {
    const table = await index.table(at, Math.min(at + 4096, to), ctx)
    for (let i = 0; i < table.length; i += entryBytes) {
      const id = idFromBytes(table, i)
      if (id.startsWith(prefix)) yield id
    }
  }
}

/** The first and the last slot of the fan-out in which ids with this prefix lie. */
function slotsOf(prefix: string, fanBits: number): readonly [number, number] {
  const low = Number.parseInt(prefix.slice(0, 4).padEnd(4, '0'), 16)
  const high = Number.parseInt(prefix.slice(0, 4).padEnd(4, 'f'), 16)
  return [low >>> (16 - fanBits), high >>> (16 - fanBits)]
}
