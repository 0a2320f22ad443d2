// The meter: what it says of processes whose time and memory are known.
import { describe, expect, test } from 'vitest'
import { createMeter, memoryMethod } from '../../bench/measure.ts'
import { tempDir } from '../support/temp-dir.ts'

const env = { PATH: process.env['PATH'] ?? '/usr/bin:/bin' }
const half = 100_000_000
const holding = (bytes: number): string =>
  `const held = Buffer.alloc(${bytes}, 1); setTimeout(() => held, 300)`

const methods = [...new Set([memoryMethod(), 'proc' as const])].filter(
  (method) => method !== 'none' && (method !== 'proc' || process.platform === 'linux'),
)

describe.each(methods)('by %s, the meter', (method) => {
  const run = (argv: readonly [string, ...string[]], signal = new AbortController().signal) => {
    const cwd = tempDir()
    return createMeter(cwd, signal, method).run({ argv, cwd, env })
  }

  test('sees the time and the memory of a process', async () => {
    const { wall, peak } = await run([process.execPath, '-e', holding(half)])
    expect(wall).toBeGreaterThan(0.3)
    expect(peak).toBeGreaterThan(half)
    expect(peak).toBeLessThan(3 * half)
  })

  test('sees the larger of two below a shell', async () => {
    const script = '"$0" -e "$1" & "$0" -e "$2"; wait'
    const { peak } = await run(['sh', '-c', script, process.execPath, holding(half / 4), holding(2 * half)])
    expect(peak).toBeGreaterThan(2 * half)
    expect(peak).toBeLessThan(3 * half)
  })

  test('throws with the end of what a failing command said', async () => {
    await expect(run(['sh', '-c', 'echo one >&2; exit 4'])).rejects.toThrow(/exit 4: one$/)
    await expect(run(['sh', '-c', 'kill -9 $$'])).rejects.toThrow(/exit|killed/)
    await expect(run(['/no/such/program'])).rejects.toThrow(/no\/such\/program/)
  })

  test('ends all that runs when it is stopped', async () => {
    const stop = new AbortController()
    const begin = performance.now()
    setTimeout(() => stop.abort(), 100)
    await expect(run(['sh', '-c', 'sleep 20 & sleep 20'], stop.signal)).rejects.toThrow('aborted')
    expect(performance.now() - begin).toBeLessThan(10_000)
  })
})
