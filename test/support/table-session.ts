// A session on the real disk for tests of tables, and how to say what files there are.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { build, type BuildOptions, type BuildResult } from '../../src/package/build.ts'
import { sql, type SqlRow } from '../../src/package/tables/sql.ts'
import { openSession, type ConfiguredSession } from '../../src/session/open-session.ts'
import { tempDir } from './temp-dir.ts'

/** A person with a store, a folder of files, and what they were warned of. */
export interface TableDesk {
  readonly root: string
  readonly session: ConfiguredSession
  readonly warnings: readonly string[]
  write(files: Readonly<Record<string, string | Uint8Array>>): void
  build(options?: BuildOptions): Promise<BuildResult>
  rows(query: string): Promise<readonly SqlRow[]>
}

/** A new desk; its package is `ada/data`, made of the folder `data`. */
export async function tableDesk(root: string = tempDir(), name = 'ada'): Promise<TableDesk> {
  const warnings: string[] = []
  const session = await openSession({
    store: join(root, `${name}-store`),
    folder: root,
    env: { HOME: root },
    onWarning: (message) => warnings.push(message),
  })
  onTestFinished(() => session.close())
  mkdirSync(join(root, 'data'), { recursive: true })
  return {
    root,
    session,
    warnings,
    write: (files) => {
      for (const [path, body] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true })
        writeFileSync(join(root, path), body)
      }
    },
    build: (options) => build(session, { handle: 'ada/data', path: 'data' }, options),
    rows: (query) => rowsOf(session, query),
  }
}

async function rowsOf(session: ConfiguredSession, query: string): Promise<readonly SqlRow[]> {
  const rows: SqlRow[] = []
  for await (const row of (await sql(session, query)).rows()) rows.push(row)
  return rows
}
