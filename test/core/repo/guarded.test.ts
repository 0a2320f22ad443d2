import { expect, test } from 'vitest'
import type { Backend } from '../../../src/core/backend/backend.ts'
import { memoryBackend } from '../../../src/core/backend/memory.ts'
import { utf8 } from '../../../src/core/base/bytes.ts'
import { QuiltError } from '../../../src/core/base/error.ts'
import { readOnly } from '../../../src/core/backend/read-only.ts'
import { latest } from '../../../src/core/model/ref-name.ts'
import { configureRemote, guarded } from '../../../src/core/repo/guarded.ts'
import { bucketRemote } from '../../../src/core/repo/remote.ts'
import { keysOf, refuses } from '../../../src/testing/backend-fixture.ts'
import { fakeAmbient } from '../../support/ambient.ts'
import { record } from '../../support/store-bench.ts'

const ambient = fakeAmbient()
const body = utf8('body')
const absent = { absent: true }
const pkg = { owner: 'ada', name: 'wine' }

/** A store in doubt; `breaks` is how it does not keep its word. */
function inDoubt(breaks: (inner: Backend) => Partial<Backend> = () => ({})): Backend & { puts: string[] } {
  const inner = memoryBackend()
  const puts: string[] = []
  const backend = { ...inner, ...breaks(inner) }
  return {
    ...backend,
    puts,
    features: { ...inner.features, unproven: true },
    put: async (key, ...rest) => {
      puts.push(key)
      await backend.put(key, ...rest)
    },
  }
}

const ignores = (inner: Backend): Partial<Backend> => ({
  put: (key, bytes, _, ctx) => inner.put(key, bytes, undefined, ctx),
})
/** Looks, waits, and puts: two who race both win, one who comes later does not. */
const isSlow = (inner: Backend): Partial<Backend> => ({
  put: async (key, bytes, options, ctx) => {
    if (options?.absent === true && (await inner.head(key)) !== undefined)
      throw new QuiltError('CONFLICT', 'there')
    await new Promise((resolve) => setImmediate(resolve))
    await inner.put(key, bytes, undefined, ctx)
  },
})
/** Refuses everyone. */
const refusesAll = (inner: Backend): Partial<Backend> => ({
  put: async (key, bytes, options, ctx) => {
    if (options?.absent === true && key.startsWith('probe/')) throw new QuiltError('CONFLICT', 'never')
    await inner.put(key, bytes, undefined, ctx)
  },
})

test('a store that keeps its word is tried once, before the first write, and that is remembered there', async () => {
  const inner = inDoubt()
  const first = guarded(inner, ambient)
  expect(await keysOf(first.backend, '')).toEqual([])
  expect(inner.puts).toEqual([])
  await first.backend.put('format', body, absent)
  expect(inner.puts.some((key) => key.startsWith('probe/'))).toBe(true)
  expect(await keysOf(inner, '')).toEqual(['config', 'format'])
  const tried = inner.puts.length
  await first.backend.put('a', body, absent)
  await guarded(inner, ambient).backend.put('b', body)
  expect(inner.puts.length).toBe(tried + 2)
})

test('a dry run tries nothing and makes nothing, and is refused where nobody may write', async () => {
  const inner = inDoubt()
  const { objects, refs } = await bucketRemote(inner, ambient, 's3://b').repository(pkg, {
    create: true,
    dryRun: true,
  })
  const id = await objects.batch((out) => out.write('tree', body))
  await refs.update(pkg, () => ({ edits: [{ name: latest, from: undefined, to: id }] }), record('test'))
  expect(await refs.get(pkg)).toBeUndefined()
  expect(await objects.missing([id])).toEqual([])
  expect(inner.puts).toEqual([])
  await refuses('NOT_FOUND', bucketRemote(inner, ambient, 's3://b').repository(pkg, { dryRun: true }))
  await refuses('NOT_FOUND', refs.remove(pkg, record('test')))
  const web = bucketRemote(readOnly(inner), ambient, 'https://b')
  await refuses('DENIED', web.repository(pkg, { create: true, dryRun: true }))
})

test.each([
  ['ignores the condition', ignores],
  ['lets those win who look at once', isSlow],
  ['lets nobody win', refusesAll],
])('a store that %s is read-only until its owner says that one process writes', async (_, breaks) => {
  const inner = inDoubt(breaks)
  await refuses('DENIED', guarded(inner, ambient).backend.put('a', body))
  await refuses('DENIED', guarded(inner, ambient).backend.delete('a'))
  await refuses('DENIED', bucketRemote(inner, ambient, 's3://b').repository(pkg, { create: true }))
  await refuses('DENIED', bucketRemote(inner, ambient, 's3://b').repository(pkg, { dryRun: true }))
  expect(await keysOf(inner, '')).toEqual(['config'])
  expect(await configureRemote(inner, ambient, {})).toEqual({ writers: 'none', listing: false })
  expect(await configureRemote(inner, ambient, { singleWriter: true })).toEqual({
    writers: 'one',
    listing: false,
  })
  const { backend } = guarded(inner, ambient)
  await backend.put('a', body, absent)
  await refuses('CONFLICT', backend.put('a', body, absent))
  const racing = await Promise.allSettled([1, 2, 3].map(() => backend.put('b', body, absent)))
  expect(racing.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  // What was declared stays, and what else is declared joins it.
  expect(await configureRemote(inner, ambient, { listing: true })).toEqual({ writers: 'one', listing: true })
})

test('a store that has failed is tried again when it is named again', async () => {
  let broken = true
  const inner = inDoubt((memory) => ({
    put: (key, bytes, options, ctx) => memory.put(key, bytes, broken ? undefined : options, ctx),
  }))
  expect(await configureRemote(inner, ambient, {})).toMatchObject({ writers: 'none' })
  broken = false
  expect(await configureRemote(inner, ambient, {})).toMatchObject({ writers: 'many' })
  await guarded(inner, ambient).backend.put('a', body)
})

test('a store that cannot be reached is not judged', async () => {
  let down = true
  const inner = inDoubt((memory) => ({
    put: async (...args) => {
      if (down) throw new QuiltError('UNAVAILABLE', 'down')
      await memory.put(...args)
    },
  }))
  const { backend } = guarded(inner, ambient)
  await refuses('UNAVAILABLE', backend.put('a', body))
  down = false
  await backend.put('a', body)
})

test('a configuration that is none is damage, and lines of a later version are passed over', async () => {
  const inner = inDoubt()
  for (const text of [
    '',
    'quilt remote\n',
    'quilt remote\nwriters all\n',
    '<html>',
    `quilt remote\n${'x'.repeat(70_000)}`,
  ]) {
    await inner.put('config', utf8(text))
    await refuses('CORRUPT', guarded(inner, ambient).config())
  }
  await inner.put('config', utf8('quilt remote\nmood good\nlisting kept\nwriters many\n'))
  expect(await guarded(inner, ambient).config()).toEqual({ writers: 'many', listing: true })
})

test('a folder that has no put-if-absent, and says so, takes refs once it is declared to have one writer', async () => {
  const memory = memoryBackend()
  const inner = { ...memory, ...ignores(memory), features: { putIfAbsent: false, writable: true } }
  const move = async (): Promise<unknown> => {
    const { refs } = await bucketRemote(inner, ambient, 'file:///b').repository(pkg, { create: true })
    const who = { name: 'ada', email: 'ada@example.org', time: new Date(0) }
    return refs.update(pkg, () => ({ edits: [], origin: 'x:y' }), { who, reason: 'test' })
  }
  await refuses('UNSUPPORTED', move())
  expect(await configureRemote(inner, ambient, { singleWriter: true })).toMatchObject({ writers: 'one' })
  expect(await move()).toMatchObject({ generation: 1 })
})

test('a listing that is asked for is written at once, and one that is not wanted goes', async () => {
  const inner = memoryBackend()
  await bucketRemote(inner, ambient, 'file:///b').repository(pkg, { create: true })
  expect(await inner.head('listing')).toBeUndefined()
  await configureRemote(inner, ambient, { listing: true })
  expect(await inner.head('listing')).toBeDefined()
  await configureRemote(inner, ambient, { listing: false })
  expect(await inner.head('listing')).toBeUndefined()
})

test('a folder that knows what it promises is asked nothing', async () => {
  const inner = memoryBackend()
  const { backend, config } = guarded(inner, ambient)
  await backend.put('a', body)
  expect(await config()).toEqual({ writers: 'many', listing: true })
  expect(await keysOf(inner, '')).toEqual(['a'])
  expect(await configureRemote(inner, ambient, { listing: false })).toEqual({
    writers: 'many',
    listing: false,
  })
  expect(await guarded(inner, ambient).config()).toEqual({ writers: 'many', listing: false })
})
