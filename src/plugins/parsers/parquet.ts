// parquet: the file is its own view.
import { QuiltError, type Parser, type ParserPlugin } from '../api.ts'

const parquet: Parser<null> = {
  name: 'parquet',
  version: '1',
  extensions: ['.parquet', '.pq'],
  options: (raw) => {
    const [key] = Object.keys(raw)
    if (key === undefined) return null
    throw new QuiltError(
      'INVALID',
      `parquet has no option ${JSON.stringify(key.slice(0, 80))}: it takes none`,
    )
  },
  read: () => Promise.resolve({ kind: 'relation', relation: { format: 'parquet' } }),
}

const plugin: ParserPlugin = { kind: 'parser', api: 1, parsers: [parquet] }
export default plugin
