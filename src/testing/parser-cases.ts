// What every parser promises, as cases for any test runner.
import { isQuiltError } from '../core/base/error.ts'
import { bytesSource } from '../core/base/source.ts'
import type { JsonObject } from '../core/model/metadata.ts'
import type { Parsed, Parser, SourceFile, TableSource } from '../plugins/api.ts'
import type { Case } from './case.ts'

/** A parser, and a file that it reads. */
export interface ParserFixture {
  readonly parser: Parser
  readonly file: { readonly name: string; readonly bytes: Uint8Array; readonly options?: JsonObject }
}

/** Every case makes its own fixture; a parser keeps nothing between two files. */
export const parserCases: readonly Case<ParserFixture>[] = [
  {
    name: 'its name and its extensions are in lower case, and the file of the fixture ends in one',
    run: async (make) => {
      const { parser, file } = await make()
      check(parser.name !== '' && parser.name === parser.name.toLowerCase(), 'the name is not in lower case')
      check(parser.version !== '', 'there is no version')
      for (const one of parser.extensions)
        check(one.startsWith('.') && one === one.toLowerCase(), `the extension ${one}`)
      check(
        parser.extensions.some((one) => file.name.toLowerCase().endsWith(one)),
        'no extension fits the file',
      )
    },
  },
  {
    name: 'an option that it does not know is INVALID and named',
    run: async (make) => {
      const { parser } = await make()
      const key = 'no-such-option'
      try {
        parser.options({ [key]: 1 })
      } catch (error) {
        check(
          isQuiltError(error, 'INVALID') && error.message.includes(key),
          'the error does not name the option',
        )
        return
      }
      check(false, 'an unknown option was taken')
    },
  },
  {
    name: 'it says the same of the same file twice',
    run: async (make) => {
      const said = [await describe(await make()), await describe(await make())]
      check(said[0] === said[1], 'two readings differ')
    },
  },
  {
    name: 'cut off, it is INVALID, or something else is said of it; nothing else is thrown',
    run: async (make) => {
      const { file } = await make()
      for (const length of [0, 1, 3, Math.floor(file.bytes.length / 2), file.bytes.length - 1]) {
        const fixture = await make()
        const cut = { ...fixture, file: { ...file, bytes: file.bytes.slice(0, length) } }
        await describe(cut).catch((error: unknown) => {
          check(
            isQuiltError(error, 'INVALID') || isQuiltError(error, 'UNSUPPORTED'),
            `it threw ${String(error)}`,
          )
        })
      }
    },
  },
  {
    name: 'batches hold as many cells in each column as they say',
    run: async (make) => {
      const parsed = await read(await make())
      for await (const table of tablesOf(parsed)) {
        if (table.kind !== 'rows') continue
        for await (const batch of table.batches()) {
          check(batch.columns.length === table.columns.length, 'a batch has another number of columns')
          for (const column of batch.columns)
            check(column.length === batch.length, 'a column has another length')
        }
      }
    },
  },
]

async function read({ parser, file }: ParserFixture): Promise<Parsed> {
  const { size, slice } = bytesSource(file.bytes)
  const source: SourceFile = {
    name: file.name,
    size,
    slice: (start, end) => {
      check(
        start >= 0 && start <= end && end <= size,
        `bytes ${String(start)} to ${String(end)} were asked for`,
      )
      return slice(start, end)
    },
  }
  return parser.read(source, parser.options(file.options ?? {}))
}

async function* tablesOf(parsed: Parsed): AsyncGenerator<TableSource> {
  if (parsed.kind === 'tables') for await (const { table } of parsed.tables()) yield table
  else if (parsed.kind !== 'media') yield parsed
}

/** All that is said of a file, as text. */
async function describe(fixture: ParserFixture): Promise<string> {
  const parsed = await read(fixture)
  if (parsed.kind === 'media') return JSON.stringify(parsed)
  const all: unknown[] = []
  for await (const table of tablesOf(parsed)) {
    if (table.kind === 'relation') all.push(table.relation)
    else {
      all.push(table.columns)
      for await (const batch of table.batches()) all.push(batch)
    }
  }
  return JSON.stringify(all, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

function check(isKept: boolean, what: string): void {
  if (!isKept) throw new Error(`a promise of parsers is broken: ${what}`)
}
