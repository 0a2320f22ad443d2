// Views as trees: the very bytes of the format, and what is read back from them.
import { expect, test } from 'vitest'
import { readingId } from '../../src/core/codec/objects/reading-id.ts'
import { viewName } from '../../src/core/model/derived.ts'
import type { Id } from '../../src/core/model/id.ts'
import { bytesSource } from '../../src/core/base/source.ts'
import type { ObjectReader, ObjectWriter } from '../../src/core/store/object-store.ts'
import { nodeReader } from '../../src/core/tree/node.ts'
import { readView, viewHead, writeView, type FileView } from '../../src/table/view/store-view.ts'
import { memoryObjects } from '../support/memory-objects.ts'

const id = (digit: string): Id => digit.repeat(64) as Id
const reading = { parser: 'csv', version: '1', options: { sep: ';', header: 2 } }

const table: FileView = {
  kind: 'table',
  tables: new Map([
    [
      'table',
      {
        columns: [
          { name: 'a b', type: 'int64', nullable: true },
          { name: 'ü', type: 'list<utf8>', nullable: true },
        ],
        rows: 30,
        head: 7,
        parts: [
          { id: id('1'), size: 400, rows: 10, text: { id: id('2'), bytes: 4_194_400, types: 'i-' } },
          { id: id('3'), size: 500, rows: 20 },
        ],
      },
    ],
  ]),
}
const several: FileView = {
  kind: 'tables',
  tables: new Map([
    ['z', { columns: [], rows: 0, parts: [] }],
    ['é', { columns: [], rows: 5, parts: undefined }],
  ]),
}
const media: FileView = { kind: 'media', mime: 'image/png', info: { width: 3, height: 4 } }

test.each([
  ['table', table, '328c0b31000b39ff1781699f99a601d383da1172df93fd3a005302ae18922c63'],
  ['tables', several, 'cc52572af31f8e29924879d38dc173cff13c0f20d49e386db2003e385df5db2a'],
  ['media', media, '3bb96de69c28a39031c7be0c1d69e2766a769b1af99a3cda65fe3c674ebeaf4a'],
] as const)('a view of kind %s has its id, and reads back as it was', async (kind, view, expected) => {
  const kept = memoryObjects()
  const out: ObjectWriter = {
    ...kept,
    writeBlob: async (body) => ({
      id: await kept.write('tree', body as Uint8Array),
      size: (body as Uint8Array).length,
    }),
  }
  const objects: ObjectReader = {
    ...kept,
    open: async (blob) => bytesSource(kept.stored.get(blob) as Uint8Array),
  }
  const entry = await writeView(out, { name: viewName(id('f'), readingId(reading)), reading, view })
  expect(entry.id).toBe(expected)
  expect(entry.name).toBe(`${id('f')}.796c13ae9d5b7c13edf849dd53a063c4adc05804dda482be061c8156231b0b71`)
  expect(viewHead(entry)).toEqual({ kind, ...reading })
  expect(await readView({ objects, nodes: nodeReader(objects) }, entry)).toEqual(view)
})

test('a view of a kind that is not known is not served', () => {
  const entry = {
    type: 'group' as const,
    name: 'x',
    id: id('1'),
    meta: { kind: 'graph', parser: 'p', version: '1', options: {} },
  }
  expect(viewHead(entry)).toBeUndefined()
  expect(viewHead({ ...entry, meta: { parser: 'p', version: '1', options: {} } })).toBeUndefined()
})
