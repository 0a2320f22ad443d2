// Builds from build files, on the real disk and on memfs: what names become, what is refused, what export gives back.
import { describe, expect, test } from 'vitest'
import { isQuiltError } from '../../../src/core/base/error.ts'
import { build, type BuildOptions } from '../../../src/package/build.ts'
import { check } from '../../../src/package/check.ts'
import { diff } from '../../../src/package/diff.ts'
import { exportPackage } from '../../../src/package/export.ts'
import { inspect, type InspectedNode } from '../../../src/package/inspect.ts'
import { findNode } from '../../../src/package/names/nodes.ts'
import type { Session } from '../../../src/package/session.ts'
import { verify } from '../../../src/package/verify.ts'
import { disks, noise, type Disk } from '../../support/two-disks.ts'

/** A build of `src/build.yml` with this text; problems are told a line each, the file's name left out. */
async function made(
  disk: Disk,
  session: Session,
  text: string,
  options: BuildOptions = {},
): ReturnType<typeof build> {
  disk.write({ 'src/build.yml': text })
  return build(session, { handle: 'ada/wine', path: 'src/build.yml' }, options)
}

async function problems(
  disk: Disk,
  session: Session,
  text: string,
  options: BuildOptions = {},
): Promise<readonly string[]> {
  const error: unknown = await made(disk, session, text, options).catch((error: unknown) => error)
  if (!isQuiltError(error, 'INVALID')) throw error
  return error.problems.map(({ line, column, message }) => `${String(line)}:${String(column)}: ${message}`)
}

/** Paths with what there is to say of each. */
function facts(node: InspectedNode, path = ''): Record<string, unknown> {
  const all: Record<string, unknown> = {}
  for (const child of node.children ?? []) {
    const at = path === '' ? child.name : `${path}/${child.name}`
    const { source, reading, executable, meta, alias, target } = child
    all[child.type === 'group' ? `${at}/` : at] = JSON.parse(
      JSON.stringify({ source, reading, executable, meta, alias, target }),
    )
    Object.assign(all, facts(child, at))
  }
  return all
}

describe.each(disks)('on %s', (_name, makeDisk) => {
  test('names, patterns, settings and metadata become the tree; export gives the sources back', async () => {
    const disk = makeDisk()
    disk.write({
      'src/data/train.csv': 'a;b\n',
      'src/data/more/train.csv': 'c\n',
      'src/data/.hidden.csv': 'h\n',
      'src/run.sh': '#!/bin/sh\n',
      'src/m.json': '{"from": "a file"}',
    })
    disk.fs.chmodSync(`${disk.root}/src/run.sh`, 0o755)
    const ada = await disk.session('ada')
    const text = `contents:
  meta: { who: ada }
  train: { file: data/train.csv, transform: csv, kwargs: { sep: ";" }, meta: m.json }
  run.sh: { file: run.sh }
  all:
    meta: { what: everything }
    "data/**/*.csv": { transform: csv }
  empty:
  best: { link: train }`
    expect(await made(disk, ada, text)).toMatchObject({
      files: 5,
      buildFile: 'src/build.yml',
      unchanged: false,
    })
    const found = await inspect(ada, 'ada/wine')
    expect(found.meta).toEqual({ who: 'ada' })
    const csv = { parser: 'csv', options: {} }
    expect(facts(found)).toEqual({
      'all/': { meta: { what: 'everything' } },
      'all/.hidden.csv': { reading: csv, alias: 'hidden' },
      'all/train.csv': { reading: csv, alias: 'train' },
      'all/train_2.csv': { reading: csv, alias: 'train_2' },
      best: { target: 'train' },
      'empty/': {},
      'run.sh': { executable: true, alias: 'run' },
      train: {
        source: 'train.csv',
        reading: { parser: 'csv', options: { sep: ';' } },
        meta: { from: 'a file' },
      },
    })
    const { repository } = await ada.local()
    expect((await findNode(repository.objects, found.topHash, 'all/train_2'))?.path).toBe('all/train_2.csv')
    await exportPackage(ada, { handle: 'ada/wine', destination: 'out' })
    expect(disk.paths('out')).toEqual([
      'all/',
      'all/.hidden.csv',
      'all/train.csv',
      'all/train_2.csv',
      'best',
      'empty/',
      'run.sh',
      'train.csv',
    ])
    expect(disk.read('out/all/train.csv') + disk.read('out/all/train_2.csv')).toBe('c\na;b\n')
    await exportPackage(ada, { handle: 'ada/wine/train', destination: 'one' })
    expect(disk.paths('one')).toEqual(['train.csv'])
    expect(await made(disk, ada, text)).toMatchObject({ unchanged: true, newBytes: 0 })
    expect(await diff(ada, { a: 'ada/wine', b: 'src' })).toMatchObject({
      added: [],
      removed: [],
      modified: [],
    })
    expect((await verify(ada, [])).problems).toEqual([])
  })

  test('a change of reading alone is a change, and told', async () => {
    const disk = makeDisk()
    disk.write({ 'src/a.csv': 'x' })
    const ada = await disk.session('ada')
    const first = await made(
      disk,
      ada,
      'contents: { a.csv: { file: a.csv, kwargs: { skiprows: 0, decimal: "," } } }',
    )
    const same = await made(
      disk,
      ada,
      'contents: { a.csv: { file: a.csv, kwargs: { decimal: ",", skiprows: 0 } } }',
    )
    expect(same).toMatchObject({ topHash: first.topHash, unchanged: true })
    await made(disk, ada, 'contents: { a.csv: { file: a.csv, transform: tsv } }')
    expect((await diff(ada, { a: 'ada/wine' })).modified).toMatchObject([
      { path: 'a.csv', what: ['reading'] },
    ])
  })

  test('the same source may be named twice; two that would be exported as one file are refused', async () => {
    const disk = makeDisk()
    disk.write({ 'src/x/d.csv': '1', 'src/y/d.csv': '2' })
    const ada = await disk.session('ada')
    await made(
      disk,
      ada,
      'contents:\n  a: { file: x/d.csv }\n  b: { file: x/d.csv }\n  d.csv: { file: x/d.csv }',
    )
    expect(await exportPackage(ada, { handle: 'ada/wine', destination: 'out' })).toMatchObject({ files: 1 })
    expect(disk.paths('out')).toEqual(['d.csv'])
    expect(
      await problems(
        disk,
        ada,
        'contents:\n  a: { file: x/d.csv }\n  b: { file: y/d.csv }\n  g: { d.csv: , c: { file: x/d.csv } }',
      ),
    ).toEqual([
      '3:3: "b" and "a" would both be exported as "d.csv": put them into two groups',
      '4:17: "c" and "d.csv" would both be exported as "d.csv": put them into two groups',
    ])
    await made(disk, ada, 'contents:\n  g: { a: { file: x/d.csv } }\n  h: { b: { file: y/d.csv } }')
    await expect(build(ada, { handle: 'ada/wine/g/d.csv', path: 'src/y/d.csv' })).rejects.toMatchObject({
      code: 'INVALID',
      message: '"g/a" and "g/d.csv" are both exported as "d.csv"',
    })
    await build(ada, { handle: 'ada/wine/g/d.csv', path: 'src/x/d.csv' })
  })

  test('all that is wrong on disk is told at once, with near misses', async () => {
    const disk = makeDisk()
    disk.write({
      'src/data/Train.csv': '',
      'src/data/test.tsv': '',
      'src/bad.json': '{',
      'src/list.json': '[]',
      'src/checks.yml': 'c1: x',
    })
    const ada = await disk.session('ada')
    const text = `checks: { c2: y }
contents:
  a: { file: data/train.csv }
  b: { file: data/test.csv }
  c: { file: dat/x.csv }
  d: { file: data }
  e: { file: data/test.tsv, meta: bad.json }
  f: { file: data/test.tsv, meta: list.json, checks: "c1, c2, c3" }
  g: { package: ada/nowhere }
  "data/*": {}
  Train.csv: { file: data/Train.csv }`
    expect((await problems(disk, ada, text)).map((one) => one.replace(/JSON: .*/, 'JSON'))).toEqual([
      '3:14: there is no file "data/train.csv"; did you mean "data/Train.csv"?',
      '4:14: there is no file "data/test.csv"; did you mean "data/test.tsv"?',
      '5:14: there is no file "dat/x.csv"; did you mean "data"?',
      '6:14: "data" is a folder: name its files, or all of them with a pattern such as "data/*"',
      '7:35: the metadata "bad.json": it is no JSON',
      '8:35: the metadata "list.json": it must be a JSON object',
      '8:54: no check is called "c3"; did you mean "c1"?',
      '9:17: package ada/nowhere is not installed; build it with: quilt build ada/nowhere FOLDER, or install it with: quilt install ada/nowhere',
      '11:3: the name "Train.csv" is taken already, by line 10',
    ])
    const report = await check(ada, 'src')
    expect(report).toMatchObject({ ok: false, problems: { length: 9 } })
    await expect(inspect(ada, 'ada/wine')).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  test('files that cannot be opened are all told, and are problems for check', async () => {
    const disk = makeDisk()
    disk.write({ 'src/a.csv': '1', 'src/b.csv': '2', 'src/c.csv': '3' })
    const fs: Disk['fs'] = {
      ...disk.fs,
      openSync: (path, ...more) => {
        if (/[bc][.]csv$/.test(String(path))) throw Object.assign(new Error('no'), { code: 'EACCES' })
        return disk.fs.openSync(path, ...more)
      },
    }
    const ada = await disk.session('ada', { fs })
    const text = 'contents:\n  a.csv: { file: a.csv }\n  b.csv: { file: b.csv }\n  "c*": {}'
    const error: unknown = await made(disk, ada, text).catch((error: unknown) => error)
    const denied = (name: string): string => `cannot read "${disk.root}/src/${name}": permission denied`
    const expected = [
      { file: 'src/build.yml', line: 3, column: 3, message: denied('b.csv') },
      { file: 'src/build.yml', line: 4, column: 3, message: denied('c.csv') },
    ]
    expect(error).toMatchObject({ code: 'DENIED', problems: expected })
    expect(await check(ada, 'src/build.yml')).toEqual({ ok: false, problems: expected })
  })

  test('two patterns, or a pattern and a name, are in conflict where they meet; none matched is a warning', async () => {
    const disk = makeDisk()
    disk.write({ 'src/x/a.csv': '1', 'src/y/a.csv': '2', 'src/x/a_2.csv': '3' })
    const warned: string[] = []
    const ada = await disk.session('ada', { onWarning: (text) => warned.push(text) })
    expect(await problems(disk, ada, 'contents:\n  "x/*":\n  "y/*":')).toEqual([
      '3:3: the name "a.csv" is taken already, by line 2',
    ])
    await made(disk, ada, 'contents:\n  "*/*.csv":\n  "none/*": {}')
    expect(warned).toEqual(['src/build.yml:3:3: no file matches "none/*"'])
    expect(Object.keys(facts(await inspect(ada, 'ada/wine')))).toEqual(['a.csv', 'a_2.csv', 'a_3.csv'])
    expect(facts(await inspect(ada, 'ada/wine'))['a_3.csv']).toEqual({ alias: 'a_3' })
  })

  test('H122: sources outside the folder need --allow-outside, whichever way leads there', async () => {
    const disk = makeDisk()
    disk.write({ 'src/in.csv': 'in', 'secret.csv': 's', 'dir/t.csv': 't', 'src/sub/': '' })
    disk.fs.symlinkSync('../secret.csv', `${disk.root}/src/link.csv`)
    disk.fs.symlinkSync('../dir', `${disk.root}/src/dir`)
    disk.fs.symlinkSync('in.csv', `${disk.root}/src/alias.csv`)
    const ada = await disk.session('ada')
    const text = `contents:
  a: { file: ../secret.csv }
  b: { file: ${disk.root}/secret.csv }
  c: { file: link.csv }
  d: { file: dir/t.csv }
  e: { file: sub/../../secret.csv }
  f: { file: /etc/passwd }
  g: { file: in.csv, meta: ../secret.csv }
  h: { file: ../secret.csx }
  "../*.csv":
  "/**":`
    const told = await problems(disk, ada, text)
    expect(told).toHaveLength(10)
    for (const one of told.slice(0, -1))
      expect(one).toMatch(/outside the build file's folder.*--allow-outside/)
    expect(told.join()).not.toContain('did you mean')
    expect(told.at(-1)).toContain('11:3: invalid pattern "/**": it is absolute')
    expect(await problems(disk, ada, 'contents: { a: { file: ~/x.csv } }')).toEqual([
      expect.stringContaining('there is no file "~/x.csv"'),
    ])
    const allowed = text.split('\n').filter((line) => !/etc|csx|meta|"\/\*\*/.test(line))
    const outside = await made(disk, ada, allowed.slice(0, 4).concat(allowed.slice(5)).join('\n'), {
      allowOutside: true,
    })
    expect(outside.files).toBe(5)
    const kept = await made(
      disk,
      ada,
      'contents: { alias.csv: { file: alias.csv }, "in.*": , x: { file: sub/../in.csv } }',
    )
    expect(kept.files).toBe(3)
    expect(Object.keys(facts(await inspect(ada, 'ada/wine')))).toEqual(['alias.csv', 'in.csv', 'x'])
  })

  test('H122: nothing of the store is taken', async () => {
    const disk = makeDisk()
    disk.write({ 'src/a.txt': 'a' })
    const ada = await disk.session('src/store')
    await build(ada, { handle: 'ada/first' })
    const name =
      disk.paths('src/store').find((path) => path.startsWith('packs/') && !path.endsWith('/')) ?? 'config'
    expect(await problems(disk, ada, `contents: { x: { file: store/${name} } }`)).toEqual([
      `1:24: "store/${name}" lies in the store`,
    ])
    expect((await made(disk, ada, 'contents: { "**/*": }')).files).toBe(1)
    expect((await made(disk, ada, 'contents: { "store/**/*": }', { allowOutside: true })).files).toBe(0)
  })

  test('large files are kept as chunks with their recipes, small and large read once however often named', async () => {
    const disk = makeDisk()
    const big = noise(1_000_000)
    disk.write({ 'src/big.bin': big, 'src/sub/build.yml': 'data' })
    const ada = await disk.session('ada')
    const dry = await made(disk, ada, 'contents: { a: { file: big.bin }, g: { b: { file: big.bin } } }', {
      dryRun: true,
    })
    const real = await made(disk, ada, 'contents: { a: { file: big.bin }, g: { b: { file: big.bin } } }')
    expect(real).toMatchObject({ topHash: dry.topHash, files: 2, bytes: 2_000_000 })
    expect(real.newBytes).toBeLessThan(1_100_000)
    expect(dry.commit).toBeUndefined()
    await exportPackage(ada, { handle: 'ada/wine', destination: 'out' })
    expect(Buffer.compare(disk.fs.readFileSync(`${disk.root}/out/g/big.bin`), Buffer.from(big))).toBe(0)
    expect((await verify(ada, ['ada/wine'])).problems).toEqual([])
  })

  test('a folder with a build.yml is built as that says; below the top it is data; --no-build-file takes it so everywhere', async () => {
    const disk = makeDisk()
    disk.write({
      'src/a.txt': 'a',
      'src/sub/build.yml': 'contents: nonsense',
      'src/build.yml': 'contents: { b: { file: a.txt } }',
    })
    const ada = await disk.session('ada')
    expect(await build(ada, { handle: 'ada/wine', path: 'src' })).toMatchObject({
      files: 1,
      buildFile: 'src/build.yml',
    })
    const plain = await build(ada, { handle: 'ada/wine', path: 'src' }, { buildFile: false })
    expect(plain.buildFile).toBeUndefined()
    expect(Object.keys(facts(await inspect(ada, 'ada/wine')))).toEqual(['a.txt', 'sub/', 'sub/build.yml'])
    await expect(
      build(ada, { handle: 'ada/wine', path: 'src/sub' }, { buildFile: true }),
    ).rejects.toMatchObject({
      code: 'INVALID',
    })
    disk.write({ 'none/x': '' })
    await expect(build(ada, { handle: 'ada/wine', path: 'none' }, { buildFile: true })).rejects.toMatchObject(
      {
        code: 'NOT_FOUND',
        hint: 'write one with: quilt generate "none"',
      },
    )
    await expect(build(ada, { handle: 'ada/wine', path: 'src/a.txt' })).rejects.toMatchObject({
      code: 'INVALID',
    })
  })

  test('a node is built from a build file, or from a YAML file as data', async () => {
    const disk = makeDisk()
    disk.write({
      'src/a.txt': 'a',
      'src/build.yml': 'contents: { meta: { m: 1 }, up: { link: ../x }, b: { file: a.txt } }',
      'conf.yml': 'k: v',
    })
    const ada = await disk.session('ada')
    await build(ada, { handle: 'ada/wine/x', path: 'conf.yml' })
    await build(ada, { handle: 'ada/wine/g', path: 'src/build.yml' })
    expect(facts(await inspect(ada, 'ada/wine'))).toEqual({
      'g/': { meta: { m: 1 } },
      'g/b': { source: 'a.txt' },
      'g/up': { target: '../x' },
      x: {},
    })
    await build(ada, { handle: 'ada/wine/y', path: 'src/build.yml' }, { buildFile: false })
    expect((await inspect(ada, 'ada/wine/y')).type).toBe('file')
  })

  test('where the file system keeps no executable bit, it is that of the same node in latest', async () => {
    const disk = makeDisk()
    disk.write({ 'src/run.sh': 'x', 'src/other': 'y' })
    disk.fs.chmodSync(`${disk.root}/src/run.sh`, 0o755)
    const ada = await disk.session('ada')
    const text = 'contents: { g: { go: { file: run.sh }, other: { file: other } } }'
    const first = await made(disk, ada, text)
    disk.fs.chmodSync(`${disk.root}/src/run.sh`, 0o644)
    disk.fs.chmodSync(`${disk.root}/src/other`, 0o755)
    const windows = { ...ada, keepsExecutableBit: () => false }
    expect(await made(disk, windows, text)).toMatchObject({ topHash: first.topHash, unchanged: true })
    expect((await made(disk, ada, text)).topHash).not.toBe(first.topHash)
  })

  test('what is no build file is said so, and never with a stack', async () => {
    const disk = makeDisk()
    const ada = await disk.session('ada')
    disk.write({
      'bad.yml': Uint8Array.of(0xff, 0xfe, 0),
      'empty.yml': '',
      'big.yml': 'a'.repeat(17 * 1024 * 1024),
    })
    for (const path of ['bad.yml', 'empty.yml', 'big.yml']) {
      await expect(build(ada, { handle: 'ada/wine', path })).rejects.toMatchObject({
        name: 'QuiltError',
        code: 'INVALID',
      })
    }
    await expect(build(ada, { handle: 'ada/wine', path: 'none.yml' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
  })
})
