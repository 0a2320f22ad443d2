// What is done with a block of bytes that a thread is given.
import type { Block, CutBlock } from '../../chunk/chunker.ts'

/** What to do with a block. */
export interface BlockJob {
  readonly task: 'cut' | 'hash'
  readonly block: Block
}

/** A block that has been hashed, and whose memory is its owner's again. */
export interface HashedBlock {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** With a blob's last block: the blob's id in hexadecimal. */
  readonly id: string | undefined
}

/** What a job gives. */
export type BlockAnswer = CutBlock | HashedBlock

/** What the work is done with. */
export interface BlockParts {
  readonly chunk: (block: Block) => CutBlock
  readonly createHasher: () => { update(bytes: Uint8Array): unknown; digest(encoding: 'hex'): string }
}

/** Does jobs one after the other. The function uses nothing from outside itself: threads are sent its text. */
export function serveBlocks({ chunk, createHasher }: BlockParts): (job: BlockJob) => BlockAnswer {
  let hasher = createHasher()
  return ({ task, block }) => {
    if (task === 'cut') return chunk(block)
    if (block.first) hasher = createHasher()
    hasher.update(block.bytes.subarray(block.start, block.end))
    return { bytes: block.bytes, id: block.last ? hasher.digest('hex') : undefined }
  }
}
