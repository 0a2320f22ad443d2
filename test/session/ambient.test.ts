// The machine's own timers: what waits stops when it is told to, and leaves nothing behind.
import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { machineAmbient } from '../../src/session/ambient.ts'

test('a pause ends at once when its signal is aborted, or was before', async () => {
  const long = 60_000
  const stop = new AbortController()
  const waiting = machineAmbient.sleep(long, stop.signal)
  stop.abort()
  await waiting
  await machineAmbient.sleep(long, stop.signal)
})

test('pauses leave nothing on a signal that outlives them', async () => {
  const { signal } = new AbortController()
  for (let i = 0; i < 3; i++) await machineAmbient.sleep(1, signal)
  expect(getEventListeners(signal, 'abort')).toEqual([])
})
