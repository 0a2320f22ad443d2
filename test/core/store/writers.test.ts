import { expect, test } from 'vitest'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { utf8 } from '../../../src/core/base/bytes.ts'
import { encodeCondemned } from '../../../src/core/codec/condemned.ts'
import { condemnedKey, lapsedKey, writerKey, writerPrefix } from '../../../src/core/store/layout.ts'
import { announcedWriters, announceWriter, lapseMilliseconds } from '../../../src/core/store/writers.ts'
import { faultyBackend } from '../../../src/testing/faulty-backend.ts'
import { fakeAmbient } from '../../support/ambient.ts'
import { collect, keysOf, stepping } from '../../support/ref-bench.ts'

const pack = 'ab'.repeat(16)

test('a writer is announced before it reads what is condemned', async () => {
  const steps: string[] = []
  const backend = stepping(memoryBackend(), async (what) => void steps.push(what.split('/')[0] as string))
  await announceWriter(backend, fakeAmbient())
  expect(steps.indexOf('put writers')).toBeLessThan(steps.indexOf('list condemned'))
})

test('a writer knows what every gc condemned, and ends without a trace', async () => {
  const backend = memoryBackend()
  await backend.put(condemnedKey('1'), encodeCondemned({ packs: [pack], writers: [] }))
  const ambient = fakeAmbient()
  const writer = await announceWriter(backend, ambient)
  expect(writer.condemned).toEqual(new Set([pack]))
  expect(await keysOf(backend, writerPrefix)).toEqual([writerKey(writer.name)])
  expect(await writer.lapsed()).toBe(false)
  await writer.release()
  expect(await keysOf(backend, '')).toEqual([condemnedKey('1')])
  expect(ambient.timers).toBe(0)
})

test('a damaged list stops the announcement, and takes it back', async () => {
  const backend = memoryBackend()
  await backend.put(condemnedKey('1'), utf8('no list'))
  await expect(announceWriter(backend, fakeAmbient())).rejects.toMatchObject({
    code: 'CORRUPT',
    message: expect.stringContaining('condemned/'),
  })
  expect(await keysOf(backend, writerPrefix)).toEqual([])
})

test('an announcement is renewed by the store’s clock, and remembers when it began', async () => {
  let time = 1_000_000
  const backend = memoryBackend({ now: () => new Date(time) })
  const ambient = fakeAmbient()
  const writer = await announceWriter(backend, ambient)
  for (let i = 0; i < 60; i++) {
    time += 60_000
    await ambient.advance(60_000)
  }
  const [told] = await collect(announcedWriters(backend))
  expect(told).toEqual({ name: writer.name, since: new Date(1_000_000), renewed: new Date(time) })
  expect(await writer.lapsed()).toBe(false)
})

test('a writer whose announcement is gone, or was given up, has lapsed and is not renewed', async () => {
  for (const how of ['gone', 'given up']) {
    const backend = memoryBackend()
    const ambient = fakeAmbient()
    const writer = await announceWriter(backend, ambient)
    if (how === 'given up') await backend.put(lapsedKey(writer.name), utf8('x'))
    await backend.delete(writerKey(writer.name))
    await ambient.advance(120_000)
    expect(await keysOf(backend, writerPrefix)).toEqual([])
    expect(await writer.lapsed()).toBe(true)
  }
})

test('a renewal that comes too late counts as a lapse, though nothing tells of it any more', async () => {
  let time = 1_000_000
  const backend = memoryBackend({ now: () => new Date(time) })
  const ambient = fakeAmbient()
  const writer = await announceWriter(backend, ambient)
  time += lapseMilliseconds + 1
  await ambient.advance(60_000)
  expect(await writer.lapsed()).toBe(true)
})

test('an announcement that failed, though it is there, is taken back', async () => {
  const inner = memoryBackend()
  const { backend } = faultyBackend(inner, { fault: { kind: 'fail', code: 'EIO', done: true }, at: 1 })
  await expect(announceWriter(backend, fakeAmbient())).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(await keysOf(inner, '')).toEqual([])
})
