import nodeFs from 'node:fs'
import { createFsFromVolume, Volume } from 'memfs'
import { describe, test } from 'vitest'
import type { Backend } from '../../src/core/backend/backend.ts'
import { arriving } from '../../src/core/backend/arriving.ts'
import { bounded } from '../../src/core/backend/bounded.ts'
import { caching } from '../../src/core/backend/caching.ts'
import { limiting } from '../../src/core/backend/limiting.ts'
import { memoryBackend } from '../../src/core/backend/memory.ts'
import { prefixed } from '../../src/core/backend/prefixed.ts'
import { readOnly } from '../../src/core/backend/read-only.ts'
import { retrying } from '../../src/core/backend/retrying.ts'
import { singleWriter } from '../../src/core/backend/single-writer.ts'
import { QuiltError } from '../../src/core/base/error.ts'
import type { FileSystem } from '../../src/core/base/fs-node.ts'
import { guarded } from '../../src/core/repo/guarded.ts'
import { fakeAmbient } from '../support/ambient.ts'
import { fileStore } from '../support/file-store.ts'
import { backendCases } from '../../src/testing/backend-cases.ts'
import { fillForReading } from '../../src/testing/backend-reading-cases.ts'
import { systemError, type FaultPlan } from '../../src/testing/fault.ts'
import { faultyBackend } from '../../src/testing/faulty-backend.ts'
import { faultyFileSystem, replaceCalls } from '../../src/testing/faulty-fs.ts'
import { mortalDisk } from '../../src/testing/power-cut.ts'
import { tempDir } from '../support/temp-dir.ts'

const memoryFs = (): FileSystem => createFsFromVolume(new Volume()) as unknown as FileSystem

const noLinks = (): FileSystem =>
  replaceCalls({ promises: { link: () => Promise.reject(systemError('ENOTSUP', 'link')) } })

/** Half of the calls fail, half of these after they were done; each second listing breaks off. */
function flaky(backend: Backend): Backend {
  let state = 1
  let listings = 0
  const dice = (): number => (state = Math.imul(state, 1_103_515_245) + 12_345) >>> 30
  const unsteady = async <T>(call: () => Promise<T>): Promise<T> => {
    const fate = dice()
    if (fate === 0) throw new QuiltError('UNAVAILABLE', 'the line is down')
    const result = await call()
    if (fate === 1) throw new QuiltError('UNAVAILABLE', 'the answer was lost')
    return result
  }
  return {
    ...backend,
    get: (key, range, ctx) => unsteady(() => backend.get(key, range, ctx)),
    put: (key, body, options, ctx) =>
      body instanceof Uint8Array
        ? unsteady(() => backend.put(key, body, options, ctx))
        : backend.put(key, body, options, ctx),
    head: (key, ctx) => unsteady(() => backend.head(key, ctx)),
    delete: (key, ctx) => unsteady(() => backend.delete(key, ctx)),
    async *list(prefix, ctx) {
      let left = listings++ % 2 === 0 ? 3 : Number.POSITIVE_INFINITY
      for await (const head of backend.list(prefix, ctx)) {
        if (left-- === 0) throw new QuiltError('UNAVAILABLE', 'the line is down')
        yield head
      }
    },
  }
}

function ignoresAbsent(backend: Backend): Backend {
  return { ...backend, put: (key, body, _, ctx) => backend.put(key, body, undefined, ctx) }
}

/** A remote's own file, out of the sight of cases that count keys. */
function hiding(backend: Backend, hidden: string): Backend {
  return prefixed(
    {
      ...backend,
      async *list(prefix, ctx) {
        for await (const head of backend.list(prefix, ctx)) if (head.key !== hidden) yield head
      },
    },
    'in/',
  )
}

const patience = { attempts: 100, delay: () => Promise.resolve(), random: () => 0.5 }
const clocked = (): Backend => memoryBackend({ now: () => new Date() })
const never: FaultPlan = { fault: { kind: 'stop' }, at: Infinity }
const keeps = (key: string): number => (key === 'config' ? 0 : Infinity)

const makers: Readonly<Record<string, () => Promise<Backend>>> = {
  memory: async () => memoryBackend(),
  'memory, told the time': async () => clocked(),
  'file on the real disk': async () => fileStore(tempDir()),
  'file in a folder that is not there yet': async () => fileStore(`${tempDir()}/a/b`),
  'file without hard links': async () => fileStore(tempDir(), { fs: noLinks() }),
  'file on a near disk': async () => fileStore(tempDir(), { near: true }),
  'file on memfs, near': async () => fileStore('/store', { fs: memoryFs(), near: true }),
  'file on memfs': async () => fileStore('/store', { fs: memoryFs() }),
  'retrying a flaky one': async () => retrying(flaky(clocked()), patience),
  'caching in memory': async () => caching(clocked(), clocked(), { keeps }),
  'keeping what arrives, in memory': async () =>
    arriving(clocked(), clocked(), { keeps: () => false, now: () => new Date() }),
  bounded: async () => bounded(clocked(), { bytes: 1e9, age: 1e9 }),
  'limited, to a rate that is often reached': async () => limiting(clocked(), fakeAmbient(), 1_000_000),
  'one writer, on a store that ignores absent': async () => singleWriter(ignoresAbsent(clocked())),
  'guarded, in doubt': async () => {
    const inner = clocked()
    const { backend } = guarded({ ...inner, features: { ...inner.features, unproven: true } }, fakeAmbient())
    return hiding(backend, 'config')
  },
  'faulty, before its fault': async () => faultyBackend(clocked(), never).backend,
  'file on a faulty disk, before its fault': async () =>
    fileStore(tempDir(), { fs: faultyFileSystem(nodeFs, never).fs }),
  'file on a disk that may lose its power': async () => {
    const root = tempDir()
    return fileStore(`${root}/store`, { fs: mortalDisk(nodeFs, root).fs })
  },
  prefixed: async () => {
    const whole = memoryBackend()
    await whole.put('a/other', new Uint8Array(1))
    await whole.put('a/bc', new Uint8Array(1))
    return prefixed(whole, 'a/b/')
  },
  'read-only': async () => {
    const backend = memoryBackend()
    await fillForReading(backend)
    return readOnly(backend)
  },
  'file, read-only': async () => {
    const root = tempDir()
    await fillForReading(fileStore(root))
    return fileStore(root, { writable: false })
  },
}

for (const [name, make] of Object.entries(makers)) {
  describe(`backend: ${name}`, () => {
    for (const { name: promise, run } of backendCases) test(promise, () => run(make))
  })
}
