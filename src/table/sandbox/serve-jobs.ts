// What the child process does with DuckDB: parses texts in one instance that holds nothing, and answers statements in
// another that is locked. The functions use nothing from outside themselves: the child is sent their text.
import type * as DuckDB from '@duckdb/node-api'
import type { SandboxLimits } from './limits.ts'

/** What the child is asked. */
export type Job =
  | { readonly job: 'parse'; readonly sql: string }
  | { readonly job: 'load'; readonly tables: readonly JobTable[] }
  | { readonly job: 'describe'; readonly sql: string }
  | { readonly job: 'query'; readonly sql: string; readonly rows: number }

/** A table by its name inside, and copies of its Parquet files that may be thrown away. */
export interface JobTable {
  readonly name: string
  readonly files: readonly string[]
}

/** A column with its type as DuckDB writes it. */
export interface SqlColumn {
  readonly name: string
  readonly type: string
}

/** A value of an answer: numbers where JavaScript holds them exactly, else DuckDB's text of it. */
export type SqlValue = null | boolean | number | string

/** What the child answers; `error` says whether the statement was at fault. */
export type JobAnswer =
  | { readonly tree: string }
  | { readonly tables: readonly (readonly SqlColumn[])[] }
  | { readonly columns: readonly SqlColumn[]; readonly rows: readonly (readonly SqlValue[])[] }
  | { readonly error: 'sql' | 'memory' | 'sandbox'; readonly message: string }

/** What the child has. */
export interface JobParts {
  readonly duckdb: typeof DuckDB
  readonly limits: SandboxLimits
  /** Its own folder, for what DuckDB spills. */
  readonly folder: string
}

type Connection = DuckDB.DuckDBConnection

/** Opens the two instances. */
export interface Databases {
  parser(): Promise<Connection>
  /** Locked: no file but these, no extension, no setting can be reached. */
  locked(files: readonly string[]): Promise<Connection>
}

/** Makes what opens the instances. Every setting is read back: one that did not take ends the sandbox. */
export function makeDatabases({ duckdb, limits, folder }: JobParts): Databases {
  const config = {
    threads: '1', // one thread gives the same rows in the same order each time
    memory_limit: `${String(limits.memoryBytes)}B`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  }
  const text = (value: string): string => `'${value.replaceAll("'", "''")}'`
  const list = (files: readonly string[]): string => `[${files.map(text).join(', ')}]`
  const read = async (connection: Connection, sql: string): Promise<unknown> =>
    (await connection.runAndReadAll(sql)).getRowsJson()[0]?.[0]
  const expectSettings = async (connection: Connection): Promise<void> => {
    const wanted = { enable_external_access: false, lock_configuration: true, threads: '1' }
    for (const [name, value] of Object.entries({ ...wanted, allow_community_extensions: false })) {
      const found = await read(connection, `SELECT current_setting('${name}')`)
      if (String(found) !== String(value)) throw new Error(`${name} is ${String(found)}`)
    }
  }

  return {
    parser: async () => {
      const closed = { temp_directory: '', enable_external_access: 'false', lock_configuration: 'true' } // in this order
      const instance = await duckdb.DuckDBInstance.create(':memory:', { ...config, ...closed })
      const connection = await instance.connect()
      await expectSettings(connection)
      return connection
    },
    locked: async (files) => {
      const spill = { temp_directory: folder, max_temp_directory_size: `${String(limits.spillBytes)}B` }
      const instance = await duckdb.DuckDBInstance.create(':memory:', { ...config, ...spill })
      const connection = await instance.connect()
      const run = async (sql: string): Promise<unknown> => await connection.run(sql)
      await run("SET TimeZone = 'UTC'")
      await run(`SET allowed_paths = ${list(files)}`) // before external access: that closes this
      await run('SET allow_persistent_secrets = false')
      await run('SET enable_external_access = false')
      await run('SET lock_configuration = true')
      await expectSettings(connection)
      return connection
    },
  }
}

/** Makes what does jobs, one after the other. */
export function makeServer(
  { duckdb, limits }: JobParts,
  databases: Databases,
): (job: Job) => Promise<JobAnswer> {
  let parser: Connection | undefined
  let data: Connection | undefined
  const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
  const wrong = (error: unknown, job: Job): JobAnswer => {
    const message = (error instanceof Error ? error.message : String(error)).slice(0, 2000)
    if (/^(Out of Memory|IO Error: Could not write)/.test(message)) return { error: 'memory', message }
    return { error: job.job === 'parse' || job.job === 'load' ? 'sandbox' : 'sql', message }
  }

  const describe = async (sql: string): Promise<SqlColumn[]> => {
    if (data === undefined) throw new Error('no tables are loaded')
    const statements = await data.extractStatements(sql)
    if (statements.count !== 1) throw new Error('exactly one statement may stand here')
    const statement = await statements.prepare(0)
    try {
      if (statement.statementType !== duckdb.StatementType.SELECT)
        throw new Error('only a SELECT may stand here')
      return Array.from({ length: statement.columnCount }, (_, i) => ({
        name: statement.columnName(i),
        type: statement.columnType(i).toString(),
      }))
    } finally {
      statement.destroySync()
    }
  }
  /** Long values are cut where they lie, before they are here. */
  const projected = ({ type }: SqlColumn, i: number): string =>
    /^(BOOLEAN|U?(TINYINT|SMALLINT|INTEGER|BIGINT)|FLOAT|DOUBLE)$/.test(type)
      ? `c${String(i)}`
      : `left(CAST(c${String(i)} AS VARCHAR), ${String(limits.valueCharacters + 1)})`
  const shortened = (value: unknown): SqlValue => {
    if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
    const text = String(value)
    if (/^-?\d{1,15}$/.test(text) && typeof value !== 'string') return Number(text)
    return text.length > limits.valueCharacters ? `${text.slice(0, limits.valueCharacters)}…` : text
  }
  const query = async (sql: string, most: number): Promise<JobAnswer> => {
    const columns = await describe(sql)
    const names = columns.map((_, i) => `c${String(i)}`).join(', ')
    const whole = `SELECT ${columns.map(projected).join(', ')} FROM (\n${sql}\n) AS q(${names}) LIMIT ${String(most)}`
    const reader = await (data as Connection).streamAndReadUntil(whole, most)
    const integers = columns.map(({ type }) => /^U?BIGINT$/.test(type))
    const rows = reader.getRowsJson().map((row) =>
      row.map((value, i) => {
        const short = shortened(value)
        const exact = integers[i] === true && typeof short === 'string' && Number.isSafeInteger(Number(short))
        return exact ? Number(short) : short
      }),
    )
    return { columns, rows: rows.slice(0, most) }
  }
  const load = async (tables: readonly JobTable[]): Promise<JobAnswer> => {
    if (data !== undefined) throw new Error('tables are loaded once')
    const connection = await databases.locked(tables.flatMap(({ files }) => files))
    data = connection
    const described: SqlColumn[][] = []
    for (const { name, files } of tables) {
      const list = files.map((file) => `'${file.replaceAll("'", "''")}'`).join(', ')
      try {
        await connection.run(`CREATE VIEW ${quoted(name)} AS SELECT * FROM read_parquet([${list}])`)
        described.push(await describe(`SELECT * FROM ${quoted(name)}`))
      } catch (error) {
        return { error: 'sql', message: error instanceof Error ? error.message : String(error) }
      }
    }
    return { tables: described }
  }
  const parse = async (sql: string): Promise<JobAnswer> => {
    parser ??= await databases.parser()
    const reader = await parser.runAndReadAll(
      'SELECT CAST(json_serialize_sql(CAST(? AS VARCHAR), skip_null := true, skip_empty := true, skip_default := true) AS VARCHAR)',
      [sql],
    )
    return { tree: String(reader.getRowsJson()[0]?.[0]) }
  }

  return async (job) => {
    try {
      if (job.job === 'parse') return await parse(job.sql)
      if (job.job === 'load') return await load(job.tables)
      if (job.job === 'describe') return { columns: await describe(job.sql), rows: [] }
      return await query(job.sql, job.rows)
    } catch (error) {
      return wrong(error, job)
    }
  }
}
