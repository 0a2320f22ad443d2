// text and markdown: no table, and nothing to say beyond what they are. The catalog shows the bytes themselves.
import { QuiltError, type Parser, type ParserPlugin } from '../api.ts'

function text(name: string, mime: string, extensions: readonly string[]): Parser<null> {
  return {
    name,
    version: '1',
    extensions,
    options: (raw) => {
      const [key] = Object.keys(raw)
      if (key === undefined) return null
      throw new QuiltError(
        'INVALID',
        `${name} has no option ${JSON.stringify(key.slice(0, 80))}: it takes none`,
      )
    },
    read: () => Promise.resolve({ kind: 'media', mime, info: {} }),
  }
}

const plugin: ParserPlugin = {
  kind: 'parser',
  api: 1,
  parsers: [text('text', 'text/plain', ['.txt']), text('markdown', 'text/markdown', ['.md', '.markdown'])],
}
export default plugin
