// DuckDB by itself, as npm brings it: one CSV file into one Parquet file, its types found in all rows.
import { join } from 'node:path'
import { tableFile } from '../data/table-file.ts'
import type { Tool } from '../tool.ts'

/** The engine among the dependencies of the repository at `home`. */
export function duckdb(home: string): Tool {
  const program = join(home, 'bench', 'tools', 'duckdb-copy.js')
  return {
    name: 'duckdb',
    version: [process.execPath, program, '--version'],
    mapping: {
      build: '`COPY (FROM read_csv(FILE, sample_size=-1)) TO … (FORMAT parquet, COMPRESSION zstd)`',
    },
    onlyAsked: true,
    remarks:
      '`@duckdb/node-api` with its own settings (all cores, most of the memory), in a process that does nothing else. ' +
      'It keeps no bytes of the file, and cuts the table by the number of rows.',
    plan: ({ input, root, env }) => {
      const out = join(root, 'out')
      const argv = [process.execPath, program, tableFile(input), join(out, 'table.parquet')] as const
      return {
        setup: [],
        folders: [out],
        steps: { build: { command: { argv, cwd: root, env }, stores: out } },
      }
    },
  }
}
