// csv, tsv, ssv: rows of cells between separators. Options bear pandas' names and ours.
import {
  closest,
  QuiltError,
  type DelimitedText,
  type Json,
  type JsonObject,
  type Parser,
  type ParserPlugin,
} from '../api.ts'

/** What pandas takes for no value, too. */
const usualNulls: readonly string[] = [
  '',
  '#N/A',
  '#N/A N/A',
  '#NA',
  '-1.#IND',
  '-1.#QNAN',
  '-NaN',
  '-nan',
  '1.#IND',
  '1.#QNAN',
  '<NA>',
  'N/A',
  'NA',
  'NULL',
  'NaN',
  'None',
  'n/a',
  'nan',
  'null',
]

type Setter = (value: Json, key: string) => Partial<Writable>
type Writable = { -readonly [K in keyof DelimitedText]: DelimitedText[K] } & { keepNulls: boolean }

const character =
  (field: 'separator' | 'quote' | 'escape' | 'comment' | 'thousands' | 'decimal'): Setter =>
  (value, key) => {
    if (value === null && field !== 'separator' && field !== 'decimal') return { [field]: undefined }
    const text = value === '\\t' || value === 'tab' ? '\t' : value
    if (typeof text !== 'string' || text.length !== 1 || text.charCodeAt(0) > 126 || /[\r\n]/.test(text))
      throw wrong(key, 'one ASCII character')
    return { [field]: text }
  }

const count =
  (field: 'skipLines' | 'mostRows'): Setter =>
  (value, key) => {
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) throw wrong(key, 'a whole number')
    return { [field]: value }
  }

const setters: Readonly<Record<string, Setter>> = {
  sep: character('separator'),
  delimiter: character('separator'),
  quotechar: character('quote'),
  quote: character('quote'),
  escapechar: character('escape'),
  escape: character('escape'),
  comment: character('comment'),
  decimal: character('decimal'),
  thousands: character('thousands'),
  skiprows: count('skipLines'),
  skip: count('skipLines'),
  nrows: count('mostRows'),
  header: (value, key) => {
    if (value === 'infer' || value === true) return { headerLine: 0 }
    if (value === null || value === false) return { headerLine: undefined }
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0)
      throw wrong(key, 'a line number from 0, or null')
    return { headerLine: value }
  },
  names: (value, key) => ({ names: texts(value, key) }),
  usecols: (value, key) => {
    if (!Array.isArray(value) || !value.every((one) => typeof one === 'string' || Number.isInteger(one)))
      throw wrong(key, 'a list of names or numbers')
    return { useColumns: value as (string | number)[] }
  },
  dtype: (value, key) => ({ types: types(value, key) }),
  types: (value, key) => ({ types: types(value, key) }),
  parse_dates: (value, key) => ({ dates: typeof value === 'boolean' ? value : texts(value, key) }),
  dates: (value, key) => ({ dates: typeof value === 'boolean' ? value : texts(value, key) }),
  date_format: (value, key) => ({ dateFormat: text(value, key) }),
  na_values: (value, key) => ({ nulls: typeof value === 'string' ? [value] : texts(value, key) }),
  nulls: (value, key) => ({
    nulls: typeof value === 'string' ? [value] : texts(value, key),
    keepNulls: false,
  }),
  keep_default_na: (value, key) => {
    if (typeof value !== 'boolean') throw wrong(key, 'true or false')
    return { keepNulls: value }
  },
  encoding: (value, key) => ({ encoding: encodingOf(text(value, key)) }),
  on_bad: (value, key) => onBad(value, key),
  on_bad_lines: (value, key) => onBad(value === 'warn' ? 'skip' : value, key),
}

function onBad(value: Json, key: string): Partial<Writable> {
  if (value === 'error' || value === 'skip' || value === 'text') return { onBad: value }
  throw wrong(key, '"error", "skip" or "text"')
}

function text(value: Json, key: string): string {
  if (typeof value === 'string') return value
  throw wrong(key, 'a text')
}

function texts(value: Json, key: string): readonly string[] {
  if (Array.isArray(value) && value.every((one): one is string => typeof one === 'string')) return value
  throw wrong(key, 'a list of texts')
}

function types(value: Json, key: string): Readonly<Record<string, string>> {
  if (typeof value === 'string') return { '*': value }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(key, 'a type, or types by column')
  return Object.fromEntries(
    Object.entries(value).map(([column, type]) => [column, text(type as Json, `${key}: ${column}`)]),
  )
}

function encodingOf(label: string): string {
  const known = label.toLowerCase() === 'latin-1' ? 'latin1' : label
  try {
    return new TextDecoder(known.replace(/^utf_/i, 'utf-').replace(/^cp/i, 'windows-')).encoding
  } catch (cause) {
    throw new QuiltError('INVALID', `encoding: there is none called ${JSON.stringify(label.slice(0, 80))}`, {
      hint: 'use one such as utf-8, latin1, utf-16le, windows-1252',
      cause,
    })
  }
}

function wrong(key: string, wanted: string): QuiltError {
  return new QuiltError('INVALID', `${key} must be ${wanted}`)
}

/** @throws INVALID, naming the key and the nearest that there is */
function readOptions(parser: string, separator: string, raw: JsonObject): DelimitedText {
  const set: Partial<Writable> = {}
  for (const [key, value] of Object.entries(raw)) {
    const setter = Object.hasOwn(setters, key) ? setters[key] : undefined
    if (setter === undefined) {
      const near = closest(key, Object.keys(setters))
      throw new QuiltError('INVALID', `${parser} has no option ${JSON.stringify(key.slice(0, 80))}`, {
        hint: near === undefined ? `use ${Object.keys(setters).join(', ')}` : `did you mean ${near}?`,
      })
    }
    Object.assign(set, setter(value, key))
  }
  const { keepNulls = true, ...rest } = set
  const all: DelimitedText = {
    format: 'delimited',
    separator,
    quote: '"',
    escape: undefined,
    comment: undefined,
    encoding: 'utf-8',
    skipLines: 0,
    headerLine: rest.names === undefined ? 0 : undefined,
    names: undefined,
    useColumns: undefined,
    types: {},
    dates: true,
    dateFormat: undefined,
    decimal: '.',
    thousands: undefined,
    mostRows: undefined,
    onBad: 'error',
    ...rest,
    nulls: [...new Set([...(keepNulls ? usualNulls : []), ...(rest.nulls ?? [])])],
  }
  if (all.quote === all.separator) throw new QuiltError('INVALID', 'sep and quotechar are the same')
  return all
}

/** Raised when the same bytes begin to give another view. */
const version = '1'

function delimited(name: string, separator: string): Parser<DelimitedText> {
  return {
    name,
    version,
    extensions: ['', '.gz', '.zst'].map((end) => `.${name}${end}`),
    options: (raw) => readOptions(name, separator, raw),
    read: (_source, relation) => Promise.resolve({ kind: 'relation', relation }),
  }
}

const plugin: ParserPlugin = {
  kind: 'parser',
  api: 1,
  parsers: [delimited('csv', ','), delimited('tsv', '\t'), delimited('ssv', ';')],
}
export default plugin
