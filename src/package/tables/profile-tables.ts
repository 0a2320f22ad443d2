// Profiles of the tables at and below a node.
import type { Context } from '../../core/base/context.ts'
import { checkSignal } from '../../core/base/context.ts'
import type { Handle } from '../../core/model/revision.ts'
import { profileColumns, type ColumnProfile } from '../../table/profile.ts'
import type { Session } from '../session.ts'
import { openTables } from './open-table.ts'

/** What a table's columns are like. */
export interface TableProfile {
  /** The table's path in its package. */
  readonly path: string
  readonly rows: number
  readonly columns: readonly ColumnProfile[]
}

/**
 * Profiles of every table at and below a handle; what is not here is brought from the origin.
 * @throws NOT_FOUND where there is no table
 */
export async function profileTables(
  session: Session,
  handle: Handle,
  ctx?: Context,
): Promise<readonly TableProfile[]> {
  const profiles: TableProfile[] = []
  for (const table of await openTables(session, handle, ctx)) {
    checkSignal(ctx)
    const files = await table.files(ctx)
    const { columns, rows } = table.view
    const engine = session.tables.engineFor(files)
    try {
      const found =
        files.length === 0
          ? columns.map(({ name, type }) => ({ name, type, nulls: 0, distinct: 0 }))
          : await engine.with((connection) => profileColumns(connection, { files, columns }), ctx)
      profiles.push({ path: table.path, rows, columns: found })
    } finally {
      await engine.close()
    }
  }
  return profiles
}
