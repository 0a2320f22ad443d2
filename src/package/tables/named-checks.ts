// The checks that a build file's files name, and which tables they look at. Reads nothing.
import { isWithin, joinPath } from '../../core/model/path.ts'
import type { Check, CheckForm } from '../../table/checks/check.ts'
import type { NamedCheck } from '../manifest.ts'
import type { PreparedManifest } from '../manifest/prepare.ts'

/** What is to be checked in a tree that is built. */
export interface NamedChecks {
  /** The build file, as it is shown. */
  readonly file: string
  /** All that are defined, by name. */
  readonly checks: ReadonlyMap<string, Check>
  /** The checks of each file that names any, by its path in the package. */
  readonly files: ReadonlyMap<string, readonly NamedCheck[]>
  /** A file's name for checks: as the build file calls its own, others by their paths in the package. */
  nameOf(path: string): string
  /** True when a check is about this file, or may read it. */
  looksAt(path: string): boolean
}

/** The checks that are named, where any are; `at` is the node that the build file becomes. */
export function namedChecks(manifest: PreparedManifest | undefined, at: string): NamedChecks | undefined {
  if (manifest === undefined || manifest.plan.checked.length === 0) return undefined
  const checks = new Map<string, Check>()
  for (const [name, { check }] of manifest.checks) if (check !== undefined) checks.set(name, check)
  const files = new Map<string, readonly NamedCheck[]>()
  for (const one of manifest.plan.checked)
    files.set(at === '' ? one.path : joinPath(at, one.path), one.checks)
  const asked = new Set([...files.values()].flat().map(({ name }) => name))
  const mentions = [...asked].flatMap((name) => checks.get(name)?.form ?? []).map(mentionsIn)
  const nameOf = (path: string): string =>
    at !== '' && path !== at && isWithin(path, at) ? path.slice(at.length + 1) : path
  return {
    file: manifest.shown,
    checks,
    files,
    nameOf,
    looksAt: (path) => files.has(path) || mentions.some((mentioned) => mentioned(nameOf(path))),
  }
}

/** Whether a check may read a file's tables: where it does, its text holds the file's name. */
function mentionsIn(form: CheckForm): (name: string) => boolean {
  if (form.kind === 'foreign_key') {
    const table = form.table.toLowerCase()
    return (name) => table === name.toLowerCase() || table.startsWith(`${name.toLowerCase()}/`)
  }
  if (form.kind !== 'expression' && form.kind !== 'query') return () => false
  const sql = form.sql.toLowerCase()
  return (name) =>
    ['"', "'"].some((quote) => sql.includes(name.toLowerCase().replaceAll(quote, quote + quote)))
}
