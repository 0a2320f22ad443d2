// Files that are named: read once, and not again while the stat cache vouches for them; a folder's memory is kept.
import nodeFs from 'node:fs'
import { expect, test } from 'vitest'
import type { FileSystem } from '../../../src/core/base/fs-node.ts'
import { build } from '../../../src/package/build.ts'
import { openSession } from '../../../src/session/open-session.ts'
import { tempDir } from '../../support/temp-dir.ts'

/** The file system, noting which files are opened. */
function watched(opened: string[]): FileSystem {
  const openSync: typeof nodeFs.openSync = (path, ...rest) => {
    opened.push(String(path))
    return nodeFs.openSync(path, ...rest)
  }
  return { ...nodeFs, openSync } as FileSystem
}

test('an unchanged source is not opened again, whether a folder or a build file named it first', async () => {
  const root = tempDir()
  nodeFs.mkdirSync(`${root}/src/sub`, { recursive: true })
  const names = ['a.csv', 'b.csv', 'c.csv', 'sub/d.csv', 'sub/e.csv']
  for (const name of names) nodeFs.writeFileSync(`${root}/src/${name}`, name.repeat(40_000))
  const past = new Date(Date.now() - 100_000)
  for (const name of names) nodeFs.utimesSync(`${root}/src/${name}`, past, past)
  await new Promise((resolve) => setTimeout(resolve, 60)) // stamps in the clock's last tick are not trusted
  nodeFs.writeFileSync(`${root}/named.yml`, 'contents: { x: { file: src/b.csv }, g: { "src/sub/*": } }')
  const real = await openSession({
    store: `${root}/store`,
    folder: root,
    env: { HOME: root, QUILT_AUTHOR_NAME: 'ada' },
  })
  try {
    const opened: string[] = []
    const session = { ...real, fs: watched(opened) }
    const read = async (handle: string, path: string): Promise<readonly string[]> => {
      opened.length = 0
      await build(session, { handle, path })
      return opened.filter((one) => one.endsWith('.csv')).map((one) => one.slice(root.length + 5))
    }
    expect(await read('ada/named', 'named.yml')).toEqual(['b.csv', 'sub/d.csv', 'sub/e.csv'])
    expect(await read('ada/named', 'named.yml')).toEqual([])
    expect(await read('ada/all', 'src')).toEqual(['a.csv', 'c.csv'])
    nodeFs.writeFileSync(`${root}/src/b.csv`, 'new')
    expect(await read('ada/named', 'named.yml')).toEqual(['b.csv'])
    expect(await read('ada/all', 'src')).not.toContain('a.csv')
    nodeFs.writeFileSync(
      `${root}/named.yml`,
      'contents: { a: { file: src/a.csv }, g: { c: { file: src/c.csv } } }',
    )
    expect(await read('ada/other', 'named.yml')).toEqual([])
  } finally {
    await real.close()
  }
})
