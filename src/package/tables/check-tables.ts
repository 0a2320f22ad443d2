// Runs the checks that a build file names, over the tables of the tree that is built from it.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError, QuiltError } from '../../core/base/error.ts'
import { chunkThreshold } from '../../core/chunk/fastcdc.ts'
import type { FileEntry, GroupEntry } from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import { joinPath } from '../../core/model/path.ts'
import type { ObjectReader } from '../../core/store/object-store.ts'
import { entries } from '../../core/tree/entries.ts'
import { lookupDerived } from '../../core/tree/lookup.ts'
import { nodeReader, type NodeReader } from '../../core/tree/node.ts'
import { walk } from '../../core/tree/walk.ts'
import type { CheckFailure } from '../../table/checks/answer-task.ts'
import { failureLines, failuresError } from '../../table/checks/failures-error.ts'
import { runChecks } from '../../table/checks/run-checks.ts'
import type { CheckAssignment, CheckedTable } from '../../table/checks/work.ts'
import type { WantedBlob } from '../../table/temporary-blobs.ts'
import { readView, viewHead } from '../../table/view/store-view.ts'
import { problemsError, quoted, type Position, type Problems } from '../manifest/problems.ts'
import type { Session } from '../session.ts'
import { viewFor } from './find-views.ts'
import type { NamedChecks } from './named-checks.ts'

/** A tree with its views, and what is to hold for it. */
export interface CheckJob {
  readonly session: Session
  readonly objects: ObjectReader
  readonly tree: Id
  /** Its derived tree: every file that a check looks at has its view there, where it can have one. */
  readonly derived: Id | undefined
  readonly named: NamedChecks
  /** Why files could not be read, by their paths in the package. */
  readonly reasons: ReadonlyMap<string, string>
  /** What is wrong already; what does not hold is added. */
  readonly problems: Problems
  /** The path of a file with a blob's bytes. */
  readonly file: (blob: WantedBlob, ctx?: Context) => Promise<string>
}

interface Run extends CheckJob {
  readonly nodes: NodeReader
}

/**
 * Asks every check that a file names of all its tables; gives how many were asked.
 * @throws INVALID with all that do not hold, each where the build file names it, and for what is no table
 */
export async function checkTables(job: CheckJob, ctx?: Context): Promise<number> {
  const run: Run = { ...job, nodes: nodeReader(job.objects) }
  const { session, named } = job
  const found = await allTables(run, ctx)
  const { problems } = job
  const places = new Map<string, Position>()
  const assignments: CheckAssignment[] = []
  for (const [path, checks] of named.files) {
    const tables = found.byFile.get(path) ?? []
    if (tables.length === 0 && checks[0] !== undefined)
      problems.add(checks[0].at, noTable(named.nameOf(path), job.reasons.get(path)))
    for (const table of tables) {
      assignments.push({ path: table, checks: checks.map(({ name }) => name) })
      for (const { name, at } of checks) places.set(`${table}\n${name}`, at)
    }
  }
  const work = { tables: found.tables, checks: named.checks, assignments }
  const { asked, failures } =
    assignments.length === 0
      ? { asked: 0, failures: [] }
      : await runChecks(work, { host: session.tables.sandboxHost() }, ctx)
  tell(problems, failures, places)
  return asked
}

/** What is said of a file that is no table. */
export function noTable(name: string, reason: string | undefined): string {
  return reason === undefined
    ? `${quoted(name)} is no table, and checks look at tables only: give it a transform that makes one`
    : `${quoted(name)} cannot be read as a table: ${reason.replaceAll(/\s*[\r\n]+\s*/g, ' ')}`
}

/** @throws INVALID, where there is anything to tell */
function tell(
  problems: Problems,
  failures: readonly CheckFailure[],
  places: ReadonlyMap<string, Position>,
): void {
  for (const failure of failures) {
    const at = places.get(`${failure.path}\n${failure.check}`) ?? { line: 1, column: 1 }
    problems.add(at, failureLines(failure).join('\n'))
  }
  if (problems.found.length > 0)
    throw problemsError(problems.file, problems.found, failuresError(failures)?.hint)
}

interface FoundTables {
  readonly tables: readonly CheckedTable[]
  /** The names of a file's tables, by its path in the package. */
  readonly byFile: ReadonlyMap<string, readonly string[]>
}

/** All tables of the tree: those that checks look at with their rows, the others by their names. */
async function allTables(run: Run, ctx?: Context): Promise<FoundTables> {
  const { named, nodes, derived, session, tree } = run
  const place = { objects: nodes, derived, parsers: session.tables.parsers }
  const own = new Map<string, CheckedTable>()
  const others = new Map<string, CheckedTable>()
  const byFile = new Map<string, readonly string[]>()
  for await (const { path, entry: file } of walk(nodes, tree, ctx)) {
    if (file.type !== 'file') continue
    const view = await viewFor(place, file, ctx)
    if (view === undefined || viewHead(view)?.kind.startsWith('table') !== true) continue
    const name = named.nameOf(path)
    const made = named.looksAt(path)
      ? await readTables(run, { name, file, view }, ctx)
      : await nameTables(run, { name, view }, ctx)
    for (const table of made) (name === path ? others : own).set(table.path, table)
    byFile.set(
      path,
      made.map((table) => table.path),
    )
  }
  return { tables: [...new Map([...others, ...own]).values()], byFile }
}

interface ViewedFile {
  readonly name: string
  readonly file: FileEntry
  readonly view: GroupEntry
}

async function readTables(
  run: Run,
  { name, file, view }: ViewedFile,
  ctx?: Context,
): Promise<readonly CheckedTable[]> {
  const read = await readView(run, view, ctx)
  if (read.kind === 'media') return []
  return Array.from(read.tables, ([table, { columns, parts }]): CheckedTable => {
    const path = read.kind === 'table' ? name : joinPath(name, table)
    return { path, columns, parts: (context) => partFiles(run, { path, blobs: parts ?? [file] }, context) }
  })
}

/** No check reads these: they are known so that a name that is misspelt finds its neighbour. */
async function nameTables(
  { nodes }: Run,
  { name, view }: Omit<ViewedFile, 'file'>,
  ctx?: Context,
): Promise<readonly CheckedTable[]> {
  const nothing = { columns: [], parts: [] }
  if (viewHead(view)?.kind === 'table') return [{ path: name, ...nothing }]
  const found: CheckedTable[] = []
  for await (const one of entries(nodes, view.id, undefined, ctx))
    if (one.type === 'group') found.push({ path: joinPath(name, one.name), ...nothing })
  return found
}

async function partFiles(
  { nodes, derived, file }: Run,
  {
    path,
    blobs,
  }: { readonly path: string; readonly blobs: readonly { readonly id: Id; readonly size: number }[] },
  ctx?: Context,
): Promise<readonly string[]> {
  const files: string[] = []
  for (const { id, size } of blobs) {
    const recipe = async (): Promise<Id | undefined> => {
      if (derived === undefined || size <= chunkThreshold) return undefined
      const found = await lookupDerived(nodes, derived, id, ctx)
      return found?.type === 'recipe' ? found.id : undefined
    }
    try {
      files.push(await file({ id, size, recipe }, ctx))
    } catch (error) {
      if (!isQuiltError(error, 'NOT_FOUND')) throw error
      throw new QuiltError('NOT_FOUND', `the rows of "${path}" are not on this machine`, {
        hint: 'bring all of the package here first: quilt install OWNER/NAME',
        cause: error,
      })
    }
  }
  return files
}
