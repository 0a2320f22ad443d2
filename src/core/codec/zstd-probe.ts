// A cheap guess at whether compressing pays, so that random and already compressed bytes cost nothing.

/** Below this many bytes a frame's own header eats the gain. */
const worthwhileBytes = 128
/** Bytes looked at; spread over the whole. */
const sampleBytes = 4096
/** Bits a byte above which zstd's entropy stage gains too little. Text has 4–6, random bytes 7.9 and more. */
const hopelessBits = 7.4

/** True when the bytes' own distribution promises a gain: an order-0 entropy estimate over a sample. */
export function compressionMayPay(bytes: Uint8Array): boolean {
  if (bytes.length < worthwhileBytes) return false
  const runs = 16
  const run = Math.min(Math.floor(bytes.length / runs), sampleBytes / runs)
  const step = Math.floor(bytes.length / runs)
  const counts = new Uint32Array(256)
  for (let r = 0; r < runs; r++) {
    const end = r * step + run
    for (let i = r * step; i < end; i++) counts[bytes[i] as number]!++
  }
  const total = run * runs
  let bits = 0
  for (const count of counts) if (count > 0) bits -= count * Math.log2(count / total)
  // A sample of n bytes shows at most log2(n) bits, so small ones are measured against that.
  return bits / total < Math.min(hopelessBits, Math.log2(total) * 0.92)
}

/** True when what came out is at least a sixteenth smaller. */
export function compressionPaid(size: number, compressed: number): boolean {
  return compressed < size - size / 16
}
