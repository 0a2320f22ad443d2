// zstd in a browser: reads by fzstd, pure JavaScript. Nothing is compressed there; raw is always allowed.
import { decompress } from 'fzstd'
import { QuiltError } from '../base/error.ts'
import { checkContentSize } from './zstd-frame.ts'
import type { Zstd } from './zstd-node.ts'

/** The codec. `compress` gives the bytes back unchanged, so that a writer keeps them raw. */
export function loadZstd(): Promise<Zstd> {
  return Promise.resolve({
    compress: (bytes: Uint8Array) => bytes,
    decompress: (frame: Uint8Array, size: number) => {
      checkContentSize(frame, size)
      let bytes: Uint8Array
      try {
        bytes = decompress(frame, new Uint8Array(size))
      } catch (cause) {
        throw new QuiltError('CORRUPT', 'a zstd frame is damaged', { cause })
      }
      if (bytes.length !== size) throw new QuiltError('CORRUPT', 'a zstd frame holds another number of bytes')
      return bytes
    },
  })
}
