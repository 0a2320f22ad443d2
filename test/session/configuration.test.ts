// The configuration and the remotes' names through the library: read, set, and used by the same session.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import {
  build,
  configGet,
  configList,
  configSet,
  install,
  openSession,
  push,
  remoteAdd,
  remoteList,
  remoteRemove,
  type SessionOptions,
} from '../../src/index.ts'
import { tempDir } from '../support/temp-dir.ts'

function options(folder: string = tempDir()): SessionOptions & { readonly folder: string } {
  const env = { HOME: join(folder, 'home'), QUILT_AUTHOR_NAME: 'Ada', QUILT_AUTHOR_EMAIL: 'ada@example.org' }
  return { folder, env, store: join(folder, 'store') }
}

test('a value is set, listed with its source, and removed by an empty one', async () => {
  const at = options()
  expect(await configList(at)).toMatchObject([
    { key: 'author.email', value: 'ada@example.org', source: 'QUILT_AUTHOR_EMAIL' },
    { key: 'author.name', value: 'Ada', source: 'QUILT_AUTHOR_NAME' },
  ])
  const file = join(at.folder, 'home', '.config', 'quilt', 'config.json')
  const kept = { key: 'store', value: join(at.folder, 'elsewhere'), source: file }
  expect(await configSet('store', './elsewhere', at)).toEqual(kept)
  expect(await configGet('store', at)).toEqual(kept)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ store: kept.value })
  await configSet('store', '', at)
  await expect(configGet('store', at)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    hint: 'set it with: quilt config set store VALUE',
  })
  await expect(configGet('stroe', at)).rejects.toMatchObject({ code: 'INVALID', hint: 'did you mean store?' })
  await expect(configGet('colour', at)).rejects.toMatchObject({
    hint: expect.stringContaining('the keys are store,') as string,
  })
  await expect(configSet('stroe', 'x', at)).rejects.toMatchObject({ code: 'INVALID' })
})

test('what is set is for nobody else to read, and a home that is a file is told of', async () => {
  const at = options()
  await configSet('author.name', 'Ada', at)
  const folder = join(at.folder, 'home', '.config', 'quilt')
  expect(statSync(join(folder, 'config.json')).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['config.json'])
  writeFileSync(join(at.folder, 'file'), '')
  const lost = { ...at, env: { HOME: join(at.folder, 'file') } }
  await expect(configSet('author.name', 'Ada', lost)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('a part of the path is no folder') as string,
  })
})

test('remotes are named, listed and forgotten', async () => {
  const at = options()
  expect(await remoteList(at)).toEqual([])
  expect(await remoteAdd('shared', './data', at)).toEqual({
    name: 'shared',
    address: `file://${at.folder}/data`,
  })
  await expect(remoteAdd('shared', './other', at)).rejects.toMatchObject({ code: 'CONFLICT' })
  await expect(remoteAdd('far', 'gopher://x/y', at)).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  await expect(remoteAdd('a b', './data', at)).rejects.toMatchObject({ code: 'INVALID' })
  expect(await remoteList(at)).toMatchObject([{ name: 'shared', address: `file://${at.folder}/data` }])
  const stopped = { ...at, signal: AbortSignal.abort(new Error('enough')), web: true }
  await expect(remoteAdd('other', './other', stopped)).rejects.toThrow('enough')
  expect(await remoteRemove('shared', at)).toEqual({ removed: 'shared' })
  await expect(remoteRemove('shared', at)).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test("what a project's file names is not removed from the user's", async () => {
  const at = options()
  writeFileSync(join(at.folder, 'quilt.config.yaml'), 'remotes:\n  lab: ./lab\n')
  expect(await remoteList(at)).toMatchObject([{ name: 'lab', source: join(at.folder, 'quilt.config.yaml') }])
  await expect(remoteRemove('lab', at)).rejects.toMatchObject({ code: 'INVALID', hint: 'remove it there' })
})

test('a session knows at once what was set through it', async () => {
  const at = options()
  writeFileSync(join(at.folder, 'wine.csv'), 'a,b\n1,2\n')
  const session = await openSession(at)
  try {
    await build('ada/wine', undefined, { session })
    await build('ada/wine/wine.csv', join(at.folder, 'wine.csv'), { session })
    await expect(push('ada/wine', { session })).rejects.toMatchObject({ code: 'INVALID' })
    await remoteAdd('lab', './lab', { session })
    await configSet('remote', 'lab', { session })
    expect(await push('ada/wine', { session })).toMatchObject({ remote: `file://${at.folder}/lab` })
    await remoteRemove('lab', { session })
    await configSet('remote', '', { session })
    expect(await remoteList({ session })).toEqual([])
  } finally {
    await session.close()
  }
  const ben = options(at.folder)
  expect(await install('ada/wine', { ...ben, store: join(at.folder, 'ben'), remote: './lab' })).toMatchObject(
    { latest: true },
  )
})
