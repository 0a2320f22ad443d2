// How long a start takes: ours beside a bare `node -e 0`, alternating, over a store with many packages.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { environment } from './environment.ts'
import { type Measure, type Meter } from './measure.ts'
import { type Command, type Place } from './tool.ts'
import { quiltCommand } from './tools/quilt.ts'

/** A command's starts. */
export interface StartRow {
  readonly name: string
  readonly samples: readonly Measure[]
  readonly problem?: string
}

/** The problem of a command that is still to come: no failure. */
export const notBuilt = 'not built'

interface Row extends StartRow {
  readonly command: Command
  readonly samples: Measure[]
  problem?: string
}

/** What is started, where, and how often. */
export interface StartUp {
  readonly program: string
  readonly commands: ReadonlySet<string>
  readonly packages: number
  readonly starts: number
  readonly folder: string
  readonly path: string
  readonly meter: Meter
  say(line: string): void
}

/** `node -e 0` first, then what is ours. */
export async function startUp(options: StartUp): Promise<readonly StartRow[]> {
  const { program, commands, packages, starts, folder, path, meter, say } = options
  mkdirSync(folder, { recursive: true })
  const env = environment(folder, path)
  const place: Place = { input: folder, root: folder, versions: 0, env }
  const store = join(folder, 'store')
  const ours = (...argv: readonly string[]): Command => quiltCommand(program, place, store, argv)
  const rows: Row[] = [
    { name: 'node -e 0', command: { argv: [process.execPath, '-e', '0'], cwd: folder, env }, samples: [] },
    { name: 'quilt --version', command: ours('--version'), samples: [] },
  ]
  const list: Row = { name: `quilt ls, ${packages} packages`, command: ours('ls'), samples: [] }
  rows.push(list)
  if (!commands.has('ls') || !commands.has('build')) list.problem = notBuilt
  else {
    say(`start: making ${packages} packages`)
    await attempt(list, async () => {
      for (let made = 0; made < packages; made++) await meter.run(ours('build', `bench/p${made}`))
    })
  }
  say(`start: measuring ${starts} starts of each`)
  for (let start = -1; start < starts; start++) {
    for (const row of rows) {
      if (row.problem !== undefined) continue
      await attempt(row, async () => {
        const sample = await meter.run(row.command)
        if (start >= 0) row.samples.push(sample) // the first warms the page cache, and Node's compile cache
      })
    }
  }
  return rows.map(({ command: _command, ...row }) => row)
}

async function attempt(row: Row, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Error) || error.name === 'AbortError') throw error
    row.problem = error.message
  }
}
