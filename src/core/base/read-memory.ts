// Memory that reads use again: fresh memory costs a page fault for every 4 KiB, and is garbage soon.

/** Where reads put what they read. Who gives it says how long that stays. */
export interface ReadMemory {
  /** So many bytes, in which anything may lie. */
  take(bytes: number): Uint8Array<ArrayBuffer>
  /** All that was read into what `take` gave has been passed on, and what comes after it is asked for. */
  done(taken: Uint8Array<ArrayBuffer>): void
}

/** Memory of a group: all of it stays until the whole group has been used. */
export interface GroupMemory extends ReadMemory {
  /** The group has been used: the next may be read over it. */
  reuse(): void
}

/** Blocks are this long, or a multiple of it: reads of about one length then find one that fits. */
const stepBytes = 512 * 1024

/** Memory in which each read stays until the one after it is asked for. */
export function passingMemory(): ReadMemory {
  const free: Uint8Array<ArrayBuffer>[] = []
  return {
    take: (bytes) => fit(free.pop(), bytes),
    done: ({ buffer }) => void free.push(new Uint8Array(buffer)),
  }
}

/** Memory in which all reads stay until they are given up together. */
export function groupMemory(): GroupMemory {
  const blocks: Uint8Array<ArrayBuffer>[] = []
  let used = 0
  return {
    take: (bytes) => {
      const taken = fit(blocks[used], bytes)
      blocks[used++] = new Uint8Array(taken.buffer)
      return taken
    },
    done: () => undefined,
    reuse: () => {
      used = 0
    },
  }
}

/** So many bytes of a block, or of a new one where it is too short. */
function fit(block: Uint8Array<ArrayBuffer> | undefined, bytes: number): Uint8Array<ArrayBuffer> {
  const long = block !== undefined && block.length >= bytes
  return (long ? block : new Uint8Array(Math.ceil(bytes / stepBytes) * stepBytes)).subarray(0, bytes)
}
