// The bytes of bundles, and bundles that outgrow memory.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { memoryBackend } from '../../../../src/core/backend/memory.ts'
import { concatBytes } from '../../../../src/core/base/bytes.ts'
import { bytesSource } from '../../../../src/core/base/source.ts'
import { decodeBundleHeader, readBundleStart } from '../../../../src/core/codec/bundle/frame.ts'
import type { Id } from '../../../../src/core/model/id.ts'
import { parseRefName } from '../../../../src/core/model/ref-name.ts'
import { openBundle, proveSeal } from '../../../../src/core/repo/bundle/open-bundle.ts'
import { proveBundle } from '../../../../src/core/repo/bundle/prove-bundle.ts'
import { bundleParts, type BundlePlan } from '../../../../src/core/repo/bundle/write-bundle.ts'
import type { PackRepository } from '../../../../src/core/repo/open-repository.ts'
import type { Scratch } from '../../../../src/core/repo/sets/scratch.ts'
import { packBytes } from '../../../../src/core/store/packs/pack-builder.ts'
import { fakeAmbient } from '../../../support/ambient.ts'
import { bench, buildPackage, noise, pkg, text, writeFiles } from '../../../support/store-bench.ts'
import { commitOf } from '../../../support/crafted-bundle.ts'

async function bundled(repo: PackRepository, plan: BundlePlan, scratch?: Scratch): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  const count = { objects: 0, bytes: 0 }
  const options = scratch === undefined ? { count } : { count, scratch }
  for await (const part of bundleParts(repo.objects, plan, options)) parts.push(part.slice())
  const bytes = concatBytes(parts)
  expect(count.bytes).toBe(bytes.length)
  return bytes
}

function planOf(commit: Id, since?: Id): BundlePlan {
  const refs = new Map([[parseRefName('version/1.0'), commit]])
  return {
    header: { pkg: pkg('ada/wine'), commit, refs, ...(since === undefined ? {} : { since }) },
    alone: [],
  }
}

test('a bundle has the bytes of bundle.hex', async () => {
  const { repo } = await bench()
  const commit = await repo.objects.batch(async (out) => {
    const { tree } = await writeFiles(out, { 'hello.txt': text('hello, world\n') })
    return out.write('commit', commitOf(tree))
  })
  const bytes = await bundled(repo, planOf(commit))
  const golden = readFileSync(new URL('../../../golden/packs/bundle.hex', import.meta.url), 'utf8')
  expect(Buffer.from(bytes).toString('hex')).toBe(golden.replaceAll(/\s/g, ''))
  const start = bytes.subarray(0, readBundleStart(bytes.subarray(0, 8)))
  expect(decodeBundleHeader(start)).toEqual(planOf(commit).header)
  await proveSeal(bytesSource(bytes))
})

test('one of several packs, its ids and entries on a scratch place, is that without one, and reads back', async () => {
  const { repo } = await bench()
  const blob = noise(packBytes + 2_000_000)
  const files = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`d/${String(i)}`, text(`file ${String(i)}\n`)]),
  )
  const first = await buildPackage(repo, 'ada/wine', { ...files, 'big.bin': blob })
  const place = memoryBackend()
  let keys = 0
  const scratch: Scratch = {
    open: () => Promise.resolve(place),
    newKey: () => `runs/${String(++keys)}`,
    most: 64,
  }
  const bytes = await bundled(repo, planOf(first), scratch)
  expect(Buffer.compare(bytes, await bundled(repo, planOf(first)))).toBe(0)
  for await (const { key } of place.list('')) expect(key).toBeUndefined()
  const bundle = await openBundle(bytesSource(bytes), fakeAmbient(9))
  expect((await bundle.objects.packs.indexes())[0]?.header.packs.length).toBe(2)
  expect(await proveBundle(bundle, { base: undefined, scratch })).toBe(true)

  // What is new since is little, whatever moved: one chunk of the large file, a few trees.
  const more = await buildPackage(repo, 'ada/wine', {
    ...files,
    'moved/big.bin': concatBytes([blob, text('x')]),
  })
  const small = await bundled(repo, planOf(more, first), scratch)
  expect(small.length).toBeLessThan(600_000)
  const second = await openBundle(bytesSource(small), fakeAmbient(10))
  expect(await proveBundle(second, { base: repo.objects })).toBe(true)
  expect(await proveBundle(second, { base: undefined })).toBe(false)
})
