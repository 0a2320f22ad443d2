// All that the program prints: data on stdout, talk on stderr. Nothing else writes to either.
import pico from 'picocolors'
import { iterateBytes, type Bytes } from '../core/base/bytes.ts'
import { QuiltError, type FileProblem } from '../core/base/error.ts'
import { alignColumns } from './drawing/columns.ts'
import { printable, printableJson } from './printable.ts'

/** A stream as far as printing needs it; `process.stdout` is one. */
export interface Sink {
  readonly isTTY?: boolean
  readonly columns?: number
  write(chunk: string | Uint8Array, done?: (error?: Error | null) => void): boolean
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** Where the program talks to, and what it is told by the environment. */
export interface Streams {
  readonly stdout: Sink
  readonly stderr: Sink
  readonly stdin: { readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What the global flags say. */
export interface OutputSettings {
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
  readonly color: boolean
}

/** Colours for pieces of a line; each gives the text back unchanged where colours are off. */
export type Paint = Readonly<
  Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'cyan', (text: string) => string>
>

/** A column of a table: its title, and `right` for numbers. */
export type TableColumn = string | { readonly title: string; readonly right: true }

/** What a command prints through. Every text is made printable on the way. */
export interface Output {
  readonly settings: OutputSettings
  /** True when a person sits at both ends: questions may be asked, bars drawn. */
  readonly interactive: boolean
  readonly paint: Paint
  /** True once nobody reads stdout any more: a long listing may stop. */
  readonly closed: boolean
  /** One line of data; several cells are joined by a TAB. Silent with --json. */
  line(...cells: readonly string[]): void
  /** Aligned columns of data. Silent with --json, and without rows. */
  table(columns: readonly TableColumn[], rows: readonly (readonly string[])[]): Promise<void>
  /** Bytes as they are. With --json as well: a command that has bytes decides itself. */
  bytes(body: Bytes): Promise<void>
  /** The one JSON value; an async iterable is written as an array, element by element. */
  value(value: unknown): Promise<void>
  /** Talk for people; silent with --quiet. */
  note(text: string): void
  /** Talk for the curious; only with --verbose. */
  detail(text: string): void
  /** What went not quite right. Never silent. */
  warn(text: string): void
  /** What went wrong: with --json as `{"error":…}`. */
  failure(failure: Failure): void
  /** Waits until all is written. Throws UNAVAILABLE when some of it could not be. */
  flush(): Promise<void>
}

/** An error as it is shown. `detail` holds further lines, shown below the message; `problems` what the message lists. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly hint?: string | undefined
  readonly problems?: readonly FileProblem[] | undefined
  readonly detail?: readonly string[]
}

/** True when this stream is to be coloured. */
export function wantsColor(stream: Sink, env: Streams['env'], settings: OutputSettings): boolean {
  if (!settings.color || (env['NO_COLOR'] ?? '') !== '') return false
  const forced = env['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  return stream.isTTY === true && env['TERM'] !== 'dumb' && (env['CI'] ?? '') === ''
}

/** True when a person can be asked and shown progress on stderr. */
export function isInteractive(streams: Streams): boolean {
  const { env, stderr, stdin } = streams
  return stderr.isTTY === true && stdin.isTTY === true && env['TERM'] !== 'dumb' && (env['CI'] ?? '') === ''
}

/** The process's own streams. */
export function processStreams(): Streams {
  return { stdout: process.stdout, stderr: process.stderr, stdin: process.stdin, env: process.env }
}

/** What the global flags say, once the command line is parsed. */
export function settingsOf(flags: { readonly [flag: string]: unknown }): OutputSettings {
  return {
    json: flags['json'] === true,
    quiet: flags['quiet'] === true,
    verbose: flags['verbose'] === true,
    color: flags['no-color'] !== true,
  }
}

/** What the global flags seem to say among arguments that are not parsed yet, or cannot be. */
export function settingsFromArgv(argv: readonly string[]): OutputSettings {
  const end = argv.indexOf('--')
  const flags = new Set(end < 0 ? argv : argv.slice(0, end))
  return {
    json: flags.has('--json'),
    quiet: flags.has('--quiet') || flags.has('-q'),
    verbose: flags.has('--verbose'),
    color: !flags.has('--no-color'),
  }
}

/** Printing to these streams. */
export function openOutput(streams: Streams, settings: OutputSettings): Output {
  const data = openSink(streams.stdout)
  const paint = pico.createColors(wantsColor(streams.stdout, streams.env, settings))
  const talkPaint = pico.createColors(wantsColor(streams.stderr, streams.env, settings))
  const talk = (text: string): void => {
    streams.stderr.write(`${safe(text, talkPaint.isColorSupported)}\n`)
  }
  return {
    settings,
    interactive: isInteractive(streams),
    paint,
    get closed() {
      return data.closed()
    },
    line: (...cells) => {
      if (!settings.json)
        data.write(`${cells.map((cell) => safe(cell, paint.isColorSupported)).join('\t')}\n`)
    },
    table: async (columns, rows) => {
      if (!settings.json && rows.length > 0) data.write(await layOut(columns, rows, paint))
    },
    bytes: async (body) => {
      for await (const part of iterateBytes(body)) {
        if (data.closed()) return
        await data.written(part)
      }
    },
    value: (value) => writeJson(value, data),
    note: (text) => {
      if (!settings.quiet) talk(text)
    },
    detail: (text) => {
      if (settings.verbose) talk(talkPaint.dim(text))
    },
    warn: (text) => {
      talk(`${talkPaint.yellow('warning:')} ${text}`)
    },
    failure: (failure) => {
      if (settings.json) streams.stderr.write(`${failureJson(failure)}\n`)
      else for (const line of failureLines(failure, talkPaint)) talk(line)
    },
    flush: () => data.flush(),
  }
}

function failureJson({ code, message, hint, problems = [], detail = [] }: Failure): string {
  const more = { ...(problems.length > 0 ? { problems } : {}), ...(detail.length > 0 ? { detail } : {}) }
  return printableJson(
    JSON.stringify({ error: { code, message, ...(hint === undefined ? {} : { hint }), ...more } }),
  )
}

function failureLines(failure: Failure, paint: Paint): readonly string[] {
  const { message, problems = [], detail = [] } = failure
  const told = problems.map((one) => `${one.file}:${String(one.line)}:${String(one.column)}: ${one.message}`)
  // Each problem has lines of its own; a message without problems is one line, whatever data stands in it.
  const parts = told.length > 1 ? [message.split('\n', 1)[0] ?? '', ...told] : [told[0] ?? message]
  const [first = '', ...more] = told.length > 0 ? parts.flatMap((part) => part.split('\n')) : parts
  const lines = [`${paint.red('error:')} ${first}`, ...more, ...detail]
  return failure.hint === undefined ? lines : [...lines, `${paint.cyan('hint:')} ${failure.hint}`]
}

/** Bold, dim and the plain colours, on and off: all that `Paint` makes. */
const ownColors = /(\u001b\[(?:[12]|22|3[1-69])m)/

/** Makes a line printable, but for the colours that we gave it ourselves. */
function safe(text: string, colored: boolean): string {
  if (!colored) return printable(text)
  return text
    .split(ownColors)
    .map((part, i) => (i % 2 === 1 ? part : printable(part)))
    .join('')
}

async function layOut(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  paint: Paint & { readonly isColorSupported: boolean },
): Promise<string> {
  const titles = columns.map((column) => paint.bold(typeof column === 'string' ? column : column.title))
  const cells = rows.map((row) => row.map((cell) => safe(cell, paint.isColorSupported)))
  const right = columns.map((column) => typeof column !== 'string')
  return alignColumns([titles, ...cells], right)
}

/** Writes one JSON value, without holding the whole of a long list. */
async function writeJson(value: unknown, data: DataSink): Promise<void> {
  if (!isAsyncIterable(value)) return data.written(`${toJson(value ?? null)}\n`)
  let before = '['
  for await (const item of value) {
    if (data.closed()) return
    await data.written(`${before}\n  ${toJson(item).replaceAll('\n', '\n  ')}`) // as a list that is written at once
    before = ','
  }
  await data.written(before === '[' ? '[]\n' : '\n]\n')
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}

function toJson(value: unknown): string {
  const plain = (_: string, item: unknown): unknown => {
    if (typeof item === 'bigint') return Number.isSafeInteger(Number(item)) ? Number(item) : String(item)
    if (item === undefined) return null // a key that a command promises is there, known or not
    return item instanceof Map ? Object.fromEntries(item) : item
  }
  return printableJson(JSON.stringify(value, plain, 2))
}

interface DataSink {
  write(chunk: string | Uint8Array): void
  written(chunk: string | Uint8Array): Promise<void>
  closed(): boolean
  flush(): Promise<void>
}

/** Stdout, which may vanish: a closed pipe ends the output quietly, any other failure is kept for `flush`. */
function openSink(stream: Sink): DataSink {
  let closed = false
  let failed: Error | undefined
  const note = (error: Error | null | undefined): void => {
    if (error === null || error === undefined || closed) return
    closed = true
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') failed = error
  }
  stream.on('error', note)
  const written = (chunk: string | Uint8Array): Promise<void> =>
    new Promise((resolve) => {
      if (closed) {
        resolve()
        return
      }
      stream.write(chunk, (error) => {
        note(error)
        resolve()
      })
    })
  return {
    write: (chunk) => {
      if (!closed) stream.write(chunk, note)
    },
    written,
    closed: () => closed,
    flush: async () => {
      await written('')
      if (failed === undefined) return
      throw new QuiltError('UNAVAILABLE', `cannot write to standard output: ${failed.message}`, {
        cause: failed,
      })
    },
  }
}
