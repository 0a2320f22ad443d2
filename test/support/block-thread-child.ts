// Cuts a blob in a thread that nobody closes, and prints its id and its chunks: `block-thread-child.ts BYTES`.
import { bytesReader } from '../../src/core/base/source.ts'
import { blobCutter } from '../../src/core/store/threads/blob-cutter.ts'

const bytes = new Uint8Array(Number(process.argv[2])).map((_, i) => (i * i) >>> 7)
let chunks = 0
const { id } = await blobCutter({ threads: true }).cut(bytesReader(bytes, bytes.length), () => {
  chunks++
  return Promise.resolve()
})
console.log(`${id} ${String(chunks)}`)
