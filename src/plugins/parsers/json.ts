// json: an array of objects, or one object on each line. Other JSON is no table, and is kept as it is.
import {
  closest,
  QuiltError,
  type JsonObject,
  type JsonText,
  type Parser,
  type ParserPlugin,
  type SourceFile,
} from '../api.ts'

interface Options {
  readonly lines: boolean | undefined
  readonly encoding: string
  readonly mostRows: number | undefined
}

const known = ['lines', 'encoding', 'nrows', 'orient'] as const

function readOptions(raw: JsonObject): Options {
  const { lines, encoding = 'utf-8', nrows, orient = 'records' } = raw
  for (const key of Object.keys(raw)) {
    if (known.includes(key as 'lines')) continue
    const near = closest(key, known)
    throw new QuiltError('INVALID', `json has no option ${JSON.stringify(key.slice(0, 80))}`, {
      hint: near === undefined ? `use ${known.join(', ')}` : `did you mean ${near}?`,
    })
  }
  if (lines !== undefined && typeof lines !== 'boolean')
    throw new QuiltError('INVALID', 'lines must be true or false')
  if (orient !== 'records') throw new QuiltError('INVALID', 'orient must be "records": an array of objects')
  if (typeof encoding !== 'string') throw new QuiltError('INVALID', 'encoding must be a text')
  if (nrows !== undefined && (typeof nrows !== 'number' || !Number.isInteger(nrows) || nrows < 0))
    throw new QuiltError('INVALID', 'nrows must be a whole number')
  return { lines, encoding: encoding.toLowerCase() === 'utf8' ? 'utf-8' : encoding, mostRows: nrows }
}

/** Bytes that say which of the two it is. */
const headBytes = 256 * 1024

/** The layout that a file has; `undefined` for JSON that is no table. */
async function layoutOf(
  source: SourceFile,
  lines: boolean | undefined,
): Promise<JsonText['layout'] | undefined> {
  if (lines !== undefined) return lines ? 'lines' : 'array'
  const isLines = /\.(jsonl|ndjson)(\.gz|\.zst)?$/i.test(source.name)
  if (isLines || /\.(gz|zst)$/i.test(source.name)) return isLines ? 'lines' : 'array'
  const head = new TextDecoder().decode(await source.slice(0, Math.min(source.size, headBytes)))
  const text = head.replace(/^\uFEFF?\s*/, '')
  if (/^\[\s*\{/.test(text)) return 'array'
  const end = text.indexOf('\n')
  if (!text.startsWith('{') || end < 0 || text.slice(end).trim() === '') return undefined
  return isObject(text.slice(0, end)) ? 'lines' : undefined
}

function isObject(line: string): boolean {
  try {
    return typeof JSON.parse(line) === 'object'
  } catch {
    return false
  }
}

const json: Parser<Options> = {
  name: 'json',
  version: '1',
  extensions: ['.json', '.jsonl', '.ndjson'].flatMap((name) => [name, `${name}.gz`, `${name}.zst`]),
  options: readOptions,
  read: async (source, { lines, encoding, mostRows }) => {
    const layout = await layoutOf(source, lines)
    if (layout === undefined) return { kind: 'media', mime: 'application/json', info: {} }
    return { kind: 'relation', relation: { format: 'json', layout, encoding, mostRows } }
  },
}

const plugin: ParserPlugin = { kind: 'parser', api: 1, parsers: [json] }
export default plugin
