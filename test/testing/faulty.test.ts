// The faults that plugin authors test with do what they say, where they say it.
import nodeFs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { memoryBackend } from '../../src/core/backend/memory.ts'
import { faultyBackend } from '../../src/testing/faulty-backend.ts'
import { faultyFileSystem } from '../../src/testing/faulty-fs.ts'
import type { Fault } from '../../src/testing/fault.ts'
import { keysOf } from '../support/ref-bench.ts'
import { tempDir } from '../support/temp-dir.ts'

const bytes = Uint8Array.from({ length: 10 }, (_, i) => i)
const failed = (code: string) => ({ code, message: expect.stringContaining('told to fail') })

/** Writes a file of ten bytes by an open file, as the file backend does. */
async function write(
  fs: typeof nodeFs | ReturnType<typeof faultyFileSystem>['fs'],
  path: string,
): Promise<number> {
  const handle = await fs.promises.open(path, 'wx')
  try {
    const { bytesWritten } = await handle.write(bytes, 0, bytes.length, 0)
    await handle.sync()
    return bytesWritten
  } finally {
    await handle.close()
  }
}

function writeSync(fs: ReturnType<typeof faultyFileSystem>['fs'], path: string): number {
  const handle = fs.openSync(path, 'wx')
  try {
    return fs.writeSync(handle, bytes, 0, bytes.length)
  } finally {
    fs.closeSync(handle)
  }
}

const faulty = (fault: Fault, at = 1) => faultyFileSystem(nodeFs, { fault, at })

describe('a file system', () => {
  test('fails with the code at the operation, and at no other', async () => {
    const path = `${tempDir()}/f`
    for (const [at, hit] of [`open ${path}`, `write ${path}`, `sync ${path}`, `close ${path}`].entries()) {
      const { fs, record } = faulty({ kind: 'fail', code: 'EIO' }, at + 1)
      await expect(write(fs, path)).rejects.toMatchObject(failed('EIO'))
      expect(record.hit).toBe(hit)
      nodeFs.rmSync(path, { force: true })
    }
    const { fs, record } = faulty({ kind: 'fail', code: 'EIO' }, 5)
    expect(await write(fs, path)).toBe(10)
    expect(record).toMatchObject({ hit: undefined, seen: 4 })
  })

  test('fails only where the code can come', async () => {
    const folder = tempDir()
    for (const [code, hit] of [
      ['ENOSPC', 'open'],
      ['EMFILE', 'open'],
      ['EACCES', 'stat'],
    ] as const) {
      const { fs, record } = faulty({ kind: 'fail', code })
      const work = fs.promises.stat(folder).then(() => write(fs, `${folder}/f`))
      await expect(work).rejects.toMatchObject(failed(code))
      expect(record.hit).toMatch(new RegExp(`^${hit} `))
    }
  })

  test('stays full where the disk is full from then on', async () => {
    const folder = tempDir()
    const { fs } = faulty({ kind: 'fail', code: 'ENOSPC', lasting: true }, 2)
    await expect(write(fs, `${folder}/a`)).rejects.toMatchObject(failed('ENOSPC'))
    await expect(write(fs, `${folder}/b`)).rejects.toMatchObject(failed('ENOSPC'))
    expect(nodeFs.readdirSync(folder)).toEqual(['a'])
  })

  for (const [name, run] of [
    ['promises', write],
    ['Sync', async (fs: ReturnType<typeof faultyFileSystem>['fs'], path: string) => writeSync(fs, path)],
  ] as const) {
    test(`tears a write, cuts it short, flips a bit, by ${name}`, async () => {
      const folder = tempDir()
      await expect(run(faulty({ kind: 'tear' }).fs, `${folder}/torn`)).rejects.toMatchObject(failed('EIO'))
      expect(await run(faulty({ kind: 'short' }).fs, `${folder}/short`)).toBe(5)
      for (const file of ['torn', 'short']) expect(nodeFs.readFileSync(`${folder}/${file}`).length).toBe(5)
    })

    test(`stops, and does nothing more, by ${name}`, async () => {
      const folder = tempDir()
      for (const done of [false, true]) {
        const { fs } = faulty({ kind: 'stop', done }, 2)
        await expect(run(fs, `${folder}/${String(done)}`)).rejects.toMatchObject(failed('ESTOPPED'))
        expect(nodeFs.readFileSync(`${folder}/${String(done)}`).length).toBe(done ? 10 : 0)
        await expect(run(fs, `${folder}/later`)).rejects.toMatchObject(failed('ESTOPPED'))
      }
      expect(nodeFs.existsSync(`${folder}/later`)).toBe(false)
    })
  }

  test('flips one bit of what is read, not of the file', async () => {
    const path = `${tempDir()}/f`
    nodeFs.writeFileSync(path, bytes)
    const { fs } = faulty({ kind: 'flip' }, 2)
    const read = async (): Promise<Uint8Array> => {
      const into = new Uint8Array(10)
      const handle = await fs.promises.open(path, 'r')
      await handle.read(into, 0, 10, 0)
      await handle.close()
      return into
    }
    expect(await read()).toEqual(bytes)
    const wrong = await read()
    expect(wrong.filter((byte, i) => byte !== bytes[i])).toHaveLength(1)
    const into = new Uint8Array(10)
    const handle = fs.openSync(path, 'r')
    fs.readSync(handle, into, 0, 10, 0)
    fs.closeSync(handle)
    expect(into).toEqual(bytes)
  })

  test('delays', async () => {
    const { fs, record } = faulty({ kind: 'delay', milliseconds: 30 })
    const before = performance.now()
    await write(fs, `${tempDir()}/f`)
    expect(performance.now() - before).toBeGreaterThan(25)
    expect(record.hit).toMatch(/^open /)
  })
})

describe('a backend', () => {
  const put = (fault: Fault, at = 1) => {
    const inner = memoryBackend()
    return { inner, ...faultyBackend(inner, { fault, at }) }
  }

  test('fails before or after it was done, as UNAVAILABLE or DENIED, with the cause', async () => {
    for (const [code, expected, done] of [
      ['EIO', 'UNAVAILABLE', false],
      ['ENOSPC', 'UNAVAILABLE', true],
      ['EACCES', 'DENIED', true],
    ] as const) {
      const { inner, backend } = put({ kind: 'fail', code, done })
      const work = code === 'EACCES' ? backend.head('a') : backend.put('a', bytes)
      await expect(work).rejects.toMatchObject({ code: expected, cause: { code } })
      expect(await keysOf(inner, '')).toEqual(code === 'ENOSPC' ? ['a'] : [])
    }
  })

  test('puts whole or not at all also where it tears', async () => {
    const { inner, backend, record } = put({ kind: 'tear' })
    let taken = 0
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 3; i++) {
        taken++
        yield bytes
      }
    }
    await expect(backend.put('a', body())).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect([taken, await keysOf(inner, ''), record.hit]).toEqual([1, [], 'put a'])
  })

  test('flips a bit of what it gives, stops for good, and lists as one operation', async () => {
    const { backend } = put({ kind: 'flip' })
    await backend.put('a', bytes)
    expect(await backend.get('a')).not.toEqual(bytes)
    expect(await backend.get('a')).toEqual(bytes)
    const dying = put({ kind: 'stop' }, 2)
    await dying.backend.put('a', bytes)
    await expect(keysOf(dying.backend, '')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await expect(dying.backend.delete('a')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await keysOf(dying.inner, '')).toEqual(['a'])
  })
})
