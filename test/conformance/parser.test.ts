// The suite of every parser, run on those that are built in, by the list that says which there are.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { builtinParsers } from '../../src/plugins/builtin.ts'
import { parserCases, type ParserFixture } from '../../src/testing/parser-cases.ts'
import { repositoryFolder } from '../support/built-cli.ts'
import { workbook } from '../support/workbook.ts'

const example = (path: string): Uint8Array => readFileSync(join(repositoryFolder, 'examples', path))

const files: Readonly<Record<string, () => Promise<ParserFixture['file']>>> = {
  csv: async () => ({ name: 'a.csv', bytes: example('v1/weather/seattle.csv') }),
  tsv: async () => ({ name: 'a.TSV', bytes: Buffer.from('a\tb\n1\t2\n') }),
  ssv: async () => ({ name: 'a.ssv', bytes: Buffer.from('a;b\n1;2\n') }),
  json: async () => ({ name: 'a.json', bytes: example('v1/earth/us-state-capitals.json') }),
  parquet: async () => ({ name: 'a.parquet', bytes: example('v1/earth/earthquakes.parquet') }),
  excel: async () => ({
    name: 'a.xlsx',
    bytes: await workbook({
      one: [
        ['a', 'b'],
        [1, 'x'],
        [2, null],
      ],
    }),
  }),
  image: async () => ({ name: 'a.png', bytes: example('v1/charts/temperature.png') }),
  text: async () => ({ name: 'a.txt', bytes: Buffer.from('text\n') }),
  markdown: async () => ({ name: 'a.md', bytes: Buffer.from('# text\n') }),
}

test('every parser that is built in has a file here', () => {
  expect(Object.keys(files)).toEqual(builtinParsers.map(({ name }) => name))
})

describe.each(builtinParsers)('$name', (listing) => {
  test('is what the list says of it', async () => {
    const parser = await listing.load()
    expect([parser.name, parser.extensions]).toEqual([listing.name, listing.extensions])
  })

  for (const one of parserCases)
    test(one.name, () =>
      one.run(async () => ({
        parser: await listing.load(),
        file: await (files[listing.name] as () => Promise<ParserFixture['file']>)(),
      })),
    )
})
