// What plumbing reads: lines of a file, as many as fit, of text alone.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readLines } from '../../src/cli/input.ts'
import { tempDir } from '../support/temp-dir.ts'

test('lines come as they stand; what is no text, and what never ends, is refused', async () => {
  const folder = tempDir()
  const at = (path: string): string => join(folder, path)
  writeFileSync(at('lines'), 'a\nb')
  writeFileSync(at('bytes'), Buffer.from([0xff, 0xfe]))
  expect(await readLines('lines', at)).toEqual(['a', 'b'])
  await expect(readLines('bytes', at)).rejects.toMatchObject({
    code: 'INVALID',
    message: '"bytes" holds no text in UTF-8',
  })
  await expect(readLines('nowhere', at)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(readLines('/dev/zero', (path) => path)).rejects.toMatchObject({
    code: 'INVALID',
    message: '"/dev/zero" holds more than 256 MiB of lines',
  })
})
