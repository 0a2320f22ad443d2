// Ours with tables: the same program, which also reads the file and makes its view.
import { join } from 'node:path'
import type { Plan, Place, Tool } from '../tool.ts'
import { builtCommands, quiltCommand } from './quilt.ts'

/** The program of the repository at `home`, that builds as it does unless told otherwise. */
export function quiltTables(home: string): Tool {
  const program = join(home, 'bin', 'run.js')
  const command = '`quilt build PKG DIR`'
  return {
    name: 'quilt-tables',
    version: [process.execPath, program, '--version'],
    mapping: { build: command, again: command, changed: command },
    onlyAsked: true,
    remarks:
      'The same program; it keeps the bytes and the view: columns of typed values, in parts, as Parquet.',
    plan: (place) => plan(place, program, builtCommands(home).has('build')),
  }
}

function plan(place: Place, program: string, isThere: boolean): Plan {
  const store = join(place.root, 'store')
  const build = {
    command: quiltCommand(program, place, store, ['build', 'bench/table', place.input]),
    stores: store,
    cache: 'cache',
  }
  return { setup: [], folders: [], steps: isThere ? { build, again: build, changed: build } : {} }
}
