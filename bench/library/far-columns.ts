// R5: two columns of a large table on a web server, of which only the trees are on this machine.
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { build, install, load, push } from '../../src/index.ts'
import { serveFolder, type WebServer } from '../../test/support/web-server.ts'
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
    const remote = join(folder, 'remote')
    const server = await serveFolder(remote)
    try {
      await install(pkg, { store: other, remote: server.address, metaOnly: true })
      const before = server.requests.length
      const begin = performance.now()
      let rows = 0
      await using loaded = await load(`${pkg}/${table}`, { store: other })
      for await (const batch of loaded.batches({ columns })) rows += batch.rowCount
      const seconds = (performance.now() - begin) / 1000
      if (rows !== own.rows) throw new Error(`read ${String(rows)} rows of ${String(own.rows)}`)
      const read = bytesSent(server, remote, before)
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

/** Bytes that requests from number `from` on were answered with, without heads. */
function bytesSent({ requests }: WebServer, folder: string, from: number): number {
  return requests.slice(from).reduce((sum, { url, headers }) => {
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
    if (start !== undefined) return sum + Number(end) + 1 - Number(start)
    return sum + (statSync(join(folder, decodeURIComponent(url)), { throwIfNoEntry: false })?.size ?? 0)
  }, 0)
}
