// One CSV file into one Parquet file by DuckDB: `node duckdb-copy.js CSV PARQUET`. Plain JavaScript, so that nothing but
// Node and DuckDB is measured.
import { DuckDBInstance, version } from '@duckdb/node-api'

const [csv, parquet] = process.argv.slice(2)
if (csv === '--version') {
  console.log(`duckdb ${version()}`)
} else {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(
    `COPY (FROM read_csv('${csv}', sample_size=-1)) TO '${parquet}' (FORMAT parquet, COMPRESSION zstd)`,
  )
}
