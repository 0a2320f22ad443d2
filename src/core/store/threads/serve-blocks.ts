// What is done with a block of bytes that a thread is given.
import type { Block, CutBlock } from '../../chunk/chunker.ts'

/** What to do with a block. */
export interface BlockJob {
  readonly task: 'cut' | 'hash'
  readonly block: Block
}

/** The chunks of a block; or the id of a blob in hexadecimal, with its last block. */
export type BlockAnswer = CutBlock | string | undefined

/** What the work is done with. */
export interface BlockParts {
  readonly memory: Uint8Array
  readonly chunk: (block: Block) => CutBlock
  readonly createHasher: () => { update(bytes: Uint8Array): unknown; digest(encoding: 'hex'): string }
}

/** Does jobs one after the other. The function uses nothing from outside itself: threads are sent its text. */
export function serveBlocks({ memory, chunk, createHasher }: BlockParts): (job: BlockJob) => BlockAnswer {
  let hasher = createHasher()
  return ({ task, block }) => {
    if (task === 'cut') return chunk(block)
    if (block.first) hasher = createHasher()
    hasher.update(memory.subarray(block.start, block.end))
    return block.last ? hasher.digest('hex') : undefined
  }
}
