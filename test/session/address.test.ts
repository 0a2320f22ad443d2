// Addresses and paths as people type them, alone and through the verbs that take them.
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { build, bundleCreate, diff, exportPackage, ls, push, remoteAdd } from '../../src/index.ts'
import { addressOf, folderAt } from '../../src/session/address.ts'
import { tempDir } from '../support/temp-dir.ts'

const at = (path: string): string => resolve('/work', path)

test('a folder is its path or a file: address; what is neither is a name', () => {
  expect(addressOf('./data', at).href).toBe('file:///work/data')
  expect(addressOf('/data', at).href).toBe('file:///data')
  expect(addressOf('file:///data', at).href).toBe('file:///data')
  expect(addressOf('s3://lab/data', at).href).toBe('s3://lab/data')
  expect(folderAt('file:///a%20b')).toBe('/a b')
})

test('a name that nobody gave is told with the one that was meant, or with how to write a folder', () => {
  const hintOf = (text: string): unknown => {
    try {
      return addressOf(text, at, ['shared', 'lab'])
    } catch (error) {
      return error
    }
  }
  expect(hintOf('shraed')).toMatchObject({
    code: 'NOT_FOUND',
    hint: 'did you mean shared? List them with: quilt remote list',
  })
  expect(hintOf('')).toMatchObject({ hint: 'is a variable not set?' })
  expect(hintOf('team-data')).toMatchObject({
    hint: 'name one with: quilt remote add NAME ADDRESS; a folder is written ./team-data',
  })
})

test('an empty path is refused: it would be the folder that one works in', async () => {
  const folder = tempDir()
  const options = { folder, env: { HOME: folder } }
  await build('ada/wine', undefined, options)
  const refused = { code: 'INVALID', message: 'a path is empty' }
  await expect(build('ada/wine', '', options)).rejects.toMatchObject(refused)
  await expect(exportPackage('ada/wine', '', { ...options, force: true })).rejects.toMatchObject(refused)
  await expect(bundleCreate('ada/wine', '', options)).rejects.toMatchObject(refused)
  await expect(diff('ada/wine', '', options)).rejects.toMatchObject(refused)
})

test.each(['file://host/data', 'file:///%zz', 'file:///a%2Fb'])(
  '%s names no folder, wherever it is given',
  async (text) => {
    const folder = tempDir()
    const options = { folder, env: { HOME: folder } }
    await build('ada/wine', undefined, options)
    const refused = { code: 'INVALID', hint: 'a folder is file:///PATH, or its path alone' }
    await expect(build('ada/wine', text, options)).rejects.toMatchObject(refused)
    await expect(exportPackage('ada/wine', text, options)).rejects.toMatchObject(refused)
    await expect(push('ada/wine', { ...options, remote: text })).rejects.toMatchObject(refused)
    await expect(ls({ ...options, remote: text })).rejects.toMatchObject(refused)
    await expect(remoteAdd('shared', text, options)).rejects.toMatchObject(refused)
  },
)
