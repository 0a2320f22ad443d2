// R5: two columns of a large table on a web server, of which only the trees are on this machine.
import { createReadStream, mkdirSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build, install, load, push } from '../../src/index.ts'
import { makeTable } from '../data/table-file.ts'
import type { Step } from './measured-step.ts'
import { withDuckdb } from './tables.ts'

const pkg = 'bench/table'
const table = 'measurements.csv'
const columns = ['station', 'temperature']

/** The steps by their names. */
export const farColumnSteps: Readonly<Record<string, Step>> = {
  'r5-make': async (folder, count) => {
    const input = join(folder, 'input')
    mkdirSync(input, { recursive: true })
    makeTable(input, count, { whole: true })
    const { tables } = await build(pkg, input, { store: join(folder, 'store') })
    if (tables === 0) throw new Error('the input has become no table')
    await push(pkg, { store: join(folder, 'store'), remote: join(folder, 'remote') })
    return {}
  },
  'r5-columns': async (folder) => {
    const own = await ownBytes(join(folder, 'store'))
    const other = join(folder, 'other')
    rmSync(other, { recursive: true, force: true })
    const server = await serve(join(folder, 'remote'))
    try {
      await install(pkg, { store: other, remote: server.address, metaOnly: true })
      const before = server.sent()
      const begin = performance.now()
      let rows = 0
      await using loaded = await load(`${pkg}/${table}`, { store: other })
      for await (const batch of loaded.batches({ columns })) rows += batch.rowCount
      const seconds = (performance.now() - begin) / 1000
      if (rows !== own.rows) throw new Error(`read ${String(rows)} rows of ${String(own.rows)}`)
      const read = server.sent() - before
      return { seconds, read, own: own.columns, beyond: (100 * (read - own.columns)) / own.table }
    } finally {
      await server.stop()
    }
  },
}

/** Bytes of the table, and of its two columns, as the store has them. */
async function ownBytes(store: string): Promise<{
  readonly rows: number
  readonly table: number
  readonly columns: number
}> {
  await using loaded = await load(`${pkg}/${table}`, { store })
  const rows = await loaded.rowCount
  await loaded.query('SELECT count(*) FROM this') // makes the plain files that are looked into now
  const files = join(store, 'files', '**')
  return withDuckdb(async (connection) => {
    const sql = `SELECT sum(total_compressed_size) AS whole,
      sum(total_compressed_size) FILTER (path_in_schema IN ('${columns.join("', '")}')) AS some
      FROM parquet_metadata('${files}')`
    const [found] = (await connection.runAndReadAll(sql)).getRowObjectsJS()
    return { rows, table: Number(found?.['whole']), columns: Number(found?.['some']) }
  })
}

interface Server {
  readonly address: string
  /** Bytes of answers so far, without their heads. */
  sent(): number
  stop(): Promise<void>
}

/** A folder on the web: ranges, and a count of what is sent. */
async function serve(folder: string): Promise<Server> {
  let sent = 0
  const server = createServer((request, response) => {
    const path = join(folder, decodeURIComponent(new URL(request.url ?? '/', 'http://h').pathname))
    const size = statSync(path, { throwIfNoEntry: false })?.size
    if (size === undefined) {
      response.writeHead(404).end()
      return
    }
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    const start = Number(from ?? 0)
    const end = to === undefined || to === '' ? size : Math.min(Number(to) + 1, size)
    sent += end - start
    const range = from === undefined ? {} : { 'content-range': `bytes ${start}-${end - 1}/${size}` }
    response.writeHead(from === undefined ? 200 : 206, {
      'accept-ranges': 'bytes',
      'content-length': end - start,
      ...range,
    })
    createReadStream(path, { start, end: end - 1 }).pipe(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    address: `http://127.0.0.1:${String(port)}/`,
    sent: () => sent,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
