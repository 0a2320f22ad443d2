// The table engine: DuckDB behind one small interface, loaded when it is first used. It reads and writes in the folder
// that it is given and nowhere else, downloads nothing, and gives the same result on every machine.
import type { DuckDBConnection, DuckDBDataChunk, DuckDBInstance, DuckDBType } from '@duckdb/node-api'
import { checkSignal, type Context } from '../core/base/context.ts'
import { QuiltError } from '../core/base/error.ts'

/** A DuckDB that may touch one folder, or some files. */
export interface TableEngine {
  /**
   * Runs `use` with a connection that nobody else has meanwhile; waits until one is free. A statement that runs when
   * the caller asks to stop is interrupted, and throws the signal's reason.
   */
  with<T>(use: (connection: TableConnection) => Promise<T>, ctx?: Context): Promise<T>
  /** A connection of the caller's own, until the engine is closed. Its statements are interrupted in the same way. */
  connect(ctx?: Context): Promise<TableConnection>
  close(): Promise<void>
}

/** Runs one statement after the other. Errors of DuckDB are thrown as INVALID, those of the disk as UNAVAILABLE. */
export interface TableConnection {
  run(sql: string): Promise<void>
  /** All rows, as plain JSON: for results that are known to be small. */
  rows(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** Rows as they come, each batch an array of columns. */
  stream(sql: string): Promise<ResultStream>
  /** The same as DuckDB has them, some thousand rows each. */
  chunks(sql: string): Promise<ChunkStream>
  /** The connection itself, for what SQL cannot say. */
  readonly duckdb: DuckDBConnection
}

/** A result that is read as it is made. */
export interface ResultStream {
  readonly columns: readonly { readonly name: string; readonly type: DuckDBType }[]
  /** Columns of JSON values: dates and times, and whole numbers beyond 2^53, are texts. */
  batches(): AsyncIterable<readonly (readonly unknown[])[]>
}

/** A result in DuckDB's own form. */
export interface ChunkStream {
  readonly columns: ResultStream['columns']
  chunks(): AsyncIterable<DuckDBDataChunk>
}

/** What an engine may write beside what it reads: one file, or a folder that is its own. Absolute paths. */
export type EngineWrites = { readonly file: string } | { readonly folder: string }

/** What an engine may use. */
export interface EngineOptions {
  /** Where it may read and write, absolute; spills go there too. */
  readonly folder: string
  /** The only files that it may read, absolute; left out, it may use all of the folder. */
  readonly files?: readonly string[]
  /** A folder that it may write beside these files, absolute. */
  readonly into?: string
  readonly memory?: string
  readonly threads?: number
  /** Connections in use at once. */
  readonly width?: number
}

/** DuckDB's own limit: what it needs beyond is spilled. The process takes about 350 MB more (docs/limits.md). */
const memoryLimit = '256MB'
const mostThreads = 2

/** A DuckDB by itself: started with the first connection, and closed by whoever opened it. */
export interface EngineInstance {
  readonly folder: string
  connect(): Promise<DuckDBConnection>
  close(): Promise<void>
}

/** An instance that is not started yet. */
export function engineInstance(options: EngineOptions): EngineInstance {
  let making: Promise<DuckDBInstance> | undefined
  return {
    folder: options.folder,
    connect: async () => (await (making ??= makeInstance(options))).connect(),
    close: async () => {
      const instance = await making?.catch(() => undefined)
      instance?.closeSync()
      making = undefined
    },
  }
}

/** Opens an engine with an instance of its own. */
export function openEngine(options: EngineOptions): TableEngine {
  const instance = engineInstance(options)
  return engineOn(instance, { width: options.width ?? mostThreads, ended: () => instance.close() })
}

/** How an instance is used. */
export interface EngineUse {
  /** Connections in use at once. */
  readonly width: number
  /** Called when the engine was closed: `isClean` when nothing failed, nothing runs and all results were read. */
  readonly ended: (isClean: boolean) => Promise<void>
}

/** A connection with what is still to come of it. */
interface HeldConnection {
  readonly duckdb: DuckDBConnection
  /** Statements under way. */
  running: number
  /** Results that were not read to their end. */
  open: number
  failed: boolean
}

/** An engine on an instance; its connections, with all that they hold, go when it is closed. */
export function engineOn(instance: EngineInstance, { width, ended }: EngineUse): TableEngine {
  const { folder } = instance
  const all: HeldConnection[] = []
  const idle: HeldConnection[] = []
  const waiting: ((connection: HeldConnection) => void)[] = []
  let made = 0
  let isClosed = false

  const take = async (): Promise<HeldConnection> => {
    const free = idle.pop()
    if (free !== undefined) return free
    if (made >= width) return new Promise((resolve) => waiting.push(resolve))
    made++
    try {
      const held = { duckdb: await instance.connect(), running: 0, open: 0, failed: false }
      all.push(held)
      return held
    } catch (error) {
      made--
      throw error
    }
  }

  return {
    with: async (use, ctx) => {
      const held = await take()
      try {
        return await use(connectionOf(held, folder, ctx))
      } finally {
        const next = waiting.shift()
        if (next === undefined) idle.push(held)
        else next(held)
      }
    },
    connect: async (ctx) => connectionOf(await take(), folder, ctx),
    close: async () => {
      if (isClosed) return
      isClosed = true
      // A connection that is at work must not be closed: it goes with the instance.
      for (const { duckdb, running } of all) if (running === 0) duckdb.closeSync()
      await ended(all.every(({ running, open, failed }) => running === 0 && open === 0 && !failed))
    },
  }
}

async function makeInstance(options: EngineOptions): Promise<DuckDBInstance> {
  const { DuckDBInstance: Instance } = await import('@duckdb/node-api')
  const { folder, files, into } = options
  try {
    const instance = await Instance.create(':memory:', {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
      allow_persistent_secrets: 'false',
      preserve_insertion_order: 'true',
      threads: String(options.threads ?? mostThreads),
      memory_limit: options.memory ?? memoryLimit,
      temp_directory: `${folder}/spill`,
      // Less than half a row group: what is more is written at once, before rows that came first and wait for others.
      partitioned_write_flush_threshold: '57344',
      // The system keeps what was read of files, and knows when they change.
      enable_external_file_cache: 'false',
      // What one part took goes back before the next one: half as much again would stay with the process (measured).
      allocator_flush_threshold: '16MB',
      allocator_bulk_deallocation_flush_threshold: '64MB',
    })
    const connection = await instance.connect()
    await connection.run(`SET GLOBAL TimeZone = 'UTC'`)
    // In this order: once external access is off, nothing more can be allowed. (hostile cases, section 4)
    if (files === undefined) await connection.run(`SET allowed_directories = ${list([folder])}`)
    else if (files.length > 0) await connection.run(`SET allowed_paths = ${list(files)}`)
    if (into !== undefined) await connection.run(`SET allowed_directories = ${list([into])}`)
    await connection.run('SET enable_external_access = false')
    await connection.run('SET lock_configuration = true')
    connection.closeSync()
    return instance
  } catch (cause) {
    throw new QuiltError('UNAVAILABLE', `the table engine cannot be started: ${messageOf(cause)}`, { cause })
  }
}

function connectionOf(held: HeldConnection, folder: string, ctx: Context | undefined): TableConnection {
  const { duckdb } = held
  const guarded = async <T>(run: () => Promise<T>): Promise<T> => {
    checkSignal(ctx)
    const release = interrupting(duckdb, ctx?.signal)
    held.running++
    try {
      return await run()
    } catch (error) {
      held.failed = true
      checkSignal(ctx)
      throw engineError(error, folder)
    } finally {
      held.running--
      release()
    }
  }
  const chunksOf = async (sql: string): Promise<ChunkStream> => {
    const result = await guarded(() => duckdb.stream(sql))
    held.open++
    const types = result.columnTypes()
    return {
      columns: result.columnNames().map((name, i) => ({ name, type: types[i] as DuckDBType })),
      chunks: async function* () {
        for (;;) {
          const chunk = await guarded(() => result.fetchChunk())
          if (chunk === null || chunk.rowCount === 0) break
          yield chunk
        }
        held.open--
      },
    }
  }
  return {
    duckdb,
    run: async (sql) => {
      await guarded(() => duckdb.run(sql))
    },
    rows: async (sql) => (await guarded(() => duckdb.runAndReadAll(sql))).getRowObjectsJson(),
    stream: async (sql) => {
      const { JsonDuckDBValueConverter: asJson } = await import('@duckdb/node-api')
      // Whole numbers that a JavaScript number holds; others stay texts.
      const converter: typeof asJson = (value, type, self) =>
        typeof value === 'bigint' && Number.isSafeInteger(Number(value))
          ? Number(value)
          : asJson(value, type, self)
      const { columns, chunks } = await chunksOf(sql)
      return {
        columns,
        batches: async function* () {
          for await (const chunk of chunks()) yield chunk.convertColumns(converter)
        },
      }
    },
    chunks: chunksOf,
  }
}

/** One that comes before the statement has begun is lost: it is said again, every so many milliseconds. */
const interruptAgain = 50

/** Interrupts what runs on a connection when the signal comes; until the function that it returns is called. */
function interrupting(duckdb: DuckDBConnection, signal: AbortSignal | undefined): () => void {
  if (signal === undefined) return () => undefined
  let timer: NodeJS.Timeout | undefined
  const stop = (): void => {
    duckdb.interrupt()
    timer = setInterval(() => duckdb.interrupt(), interruptAgain)
  }
  signal.addEventListener('abort', stop, { once: true })
  return () => {
    signal.removeEventListener('abort', stop)
    clearInterval(timer)
  }
}

/** DuckDB's errors as ours: what is wrong with the input is INVALID, what the machine lacks is UNAVAILABLE. */
function engineError(error: unknown, folder: string): QuiltError {
  // Our own files' names say nothing to anybody.
  const message = messageOf(error).replace(/"?(\/[^\s"':]+)"?/g, (found, path: string) =>
    path.startsWith(`${folder}/`) ? 'the file' : found,
  )
  if (!/^(IO|Out of Memory|Interrupt)/.test(message))
    return new QuiltError('INVALID', message, { cause: error })
  const hint = message.startsWith('Out') ? 'ask for less at once: fewer columns, or fewer rows' : undefined
  return new QuiltError('UNAVAILABLE', message, { hint, cause: error })
}

/** The first line of what DuckDB says: the rest points into SQL that nobody has written. */
function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return (text.split('\n')[0] as string).slice(0, 500)
}

/** A text as SQL says it. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A name as SQL says it. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Texts as a list in SQL. */
export function list(texts: readonly string[]): string {
  return `[${texts.map(literal).join(', ')}]`
}
