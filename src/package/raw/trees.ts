// Plumbing for trees: as lines of text, and back. A line says everything that an entry holds, so nothing is lost.
import type { Context } from '../../core/base/context.ts'
import { compareText } from '../../core/base/bytes.ts'
import { QuiltError } from '../../core/base/error.ts'
import { decodeCommit } from '../../core/codec/objects/commit.ts'
import type { TreeEntry } from '../../core/codec/objects/tree-entry.ts'
import { isId, parseId, type Id } from '../../core/model/id.ts'
import type { JsonObject } from '../../core/model/metadata.ts'
import { readObject, type PackStore } from '../../core/store/pack-store.ts'
import { build } from '../../core/tree/build.ts'
import { derivedEntries, entries } from '../../core/tree/entries.ts'
import { nodeReader } from '../../core/tree/node.ts'
import { walk } from '../../core/tree/walk.ts'
import type { Session } from '../session.ts'
import { objectId } from './objects.ts'

/** One entry of a tree, at its path. */
export interface TreeLine {
  readonly path: string
  readonly entry: TreeEntry
}

/**
 * The entries of a tree, or of a commit's; with `recursive` those of the groups in it too.
 * @throws NOT_FOUND, AMBIGUOUS, CORRUPT
 */
export async function* lsTree(
  session: Session,
  text: string,
  recursive: boolean,
  ctx?: Context,
): AsyncGenerator<TreeLine> {
  const { objects } = (await session.local()).repository
  const nodes = nodeReader(objects)
  const root = await treeId(session, text, ctx)
  if (recursive) {
    yield* walk(nodes, root, ctx)
    return
  }
  const first = await nodes.readNodes([root])
  const isDerived =
    first[0] !== undefined && 'entries' in first[0] && first[0].entries.some(({ type }) => type === 'recipe')
  const list = isDerived ? derivedEntries(nodes, root, undefined, ctx) : entries(nodes, root, undefined, ctx)
  for await (const entry of list) yield { path: entry.name, entry }
}

/** The tree that a text names: its own id, or a commit's. */
async function treeId(session: Session, text: string, ctx?: Context): Promise<Id> {
  const { objects } = (await session.local()).repository
  const id = await objectId(session, text, ctx)
  const object = await readObject(objects, id, ctx)
  if (object.kind === 'commit') return decodeCommit(object.body, id).tree
  if (object.kind === 'tree') return id
  throw new QuiltError('INVALID', `${id} is a ${object.kind}, no tree`, {
    hint: `read it with: quilt raw cat-object ${id}`,
  })
}

/**
 * A line: `TYPE ID SIZE<TAB>NAME`, then, where there is more to say, a TAB and JSON. A group's size is `-`; a link
 * has `-` for both, and its target in the JSON. A name with control characters or quotes stands as JSON text.
 */
export function formatTreeLine({ path, entry }: TreeLine): string {
  const name = /[\u0000-\u001f\u007f"]/.test(path) ? JSON.stringify(path) : path
  const extras: Record<string, unknown> = {}
  if (entry.type === 'link') extras['target'] = entry.target
  if (entry.type === 'file') {
    if (entry.executable === true) extras['executable'] = true
    if (entry.source !== undefined) extras['source'] = entry.source
    if (entry.reading !== undefined) extras['reading'] = entry.reading
  }
  if ('meta' in entry && entry.meta !== undefined) extras['meta'] = entry.meta
  const id = entry.type === 'link' ? '-' : entry.id
  const size = 'size' in entry ? String(entry.size) : '-'
  const more = Object.keys(extras).length === 0 ? '' : `\t${JSON.stringify(extras)}`
  return `${entry.type} ${id} ${size}\t${name}${more}`
}

/**
 * A line back to an entry.
 * @throws INVALID, quoting the line
 */
export function parseTreeLine(line: string): TreeEntry {
  const match =
    /^(group|file|link|recipe) ([0-9a-f]{64}|-) (\d+|-)\t("(?:[^"\\]|\\.)*"|[^\t]+)(?:\t(\{.*\}))?$/su.exec(
      line,
    )
  if (match === null) throw badLine(line, 'it is not TYPE ID SIZE<TAB>NAME')
  const [, type, id, size, name, more] = match
  const parsed = name?.startsWith('"') === true ? parseJson(line, name) : name
  if (typeof parsed !== 'string') throw badLine(line, 'its name is no text')
  const extras = more === undefined ? {} : parseExtras(line, type as TreeEntry['type'], parseJson(line, more))
  if (type === 'link') {
    if (extras['target'] === undefined) throw badLine(line, 'a link needs {"target": …}')
    return { type, name: parsed, ...extras } as TreeEntry
  }
  if (id === undefined || !isId(id)) throw badLine(line, 'it has no id')
  if (type === 'group') return { type, name: parsed, id, ...extras } as TreeEntry
  if (!/^\d+$/.test(size ?? '')) throw badLine(line, 'it has no size')
  return { type, name: parsed, id, size: Number(size), ...extras } as TreeEntry
}

const isText = (value: unknown): boolean => typeof value === 'string'
const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isReading = (value: unknown): boolean => {
  if (!isObject(value)) return false
  const { parser, options, ...rest } = value as Record<string, unknown>
  return isText(parser) && isObject(options) && Object.keys(rest).length === 0
}

/** What may be said of an entry beside its type, id, size and name, and whether it is that. */
const extraKinds: Readonly<Record<TreeEntry['type'], Readonly<Record<string, (value: unknown) => boolean>>>> =
  {
    group: { meta: isObject },
    file: { executable: (value) => value === true, meta: isObject, source: isText, reading: isReading },
    link: { meta: isObject, target: isText },
    recipe: {},
  }

function parseExtras(
  line: string,
  type: TreeEntry['type'],
  value: unknown,
): Readonly<Record<string, unknown>> {
  const extras = value as Record<string, unknown>
  for (const [key, one] of Object.entries(extras)) {
    const kinds = extraKinds[type]
    if (!Object.hasOwn(kinds, key))
      throw badLine(line, `a ${type} has no ${JSON.stringify(key.slice(0, 40))}`)
    if (kinds[key]?.(one) !== true) throw badLine(line, `its ${JSON.stringify(key)} is not what it must be`)
  }
  return extras
}

function parseJson(line: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw badLine(line, 'its JSON is damaged')
  }
}

function badLine(line: string, why: string): QuiltError {
  return new QuiltError('INVALID', `${JSON.stringify(line.slice(0, 120))} is no line of a tree: ${why}`, {
    hint: 'see the form with: quilt raw ls-tree',
  })
}

const kindOf = { group: 'tree', file: 'blob', recipe: 'recipe' } as const

/** Refuses entries whose object is of another kind or size than they say: a package of them would be damaged. */
async function checkObjects(objects: PackStore, found: readonly TreeEntry[], ctx?: Context): Promise<void> {
  const named = found.flatMap((entry) => (entry.type === 'link' ? [] : [entry]))
  const places = await objects.locate([...new Set(named.map(({ id }) => id))], ctx)
  for (const entry of named) {
    const place = places.get(entry.id)
    if (place === undefined) continue // written by this very batch
    if (place.kind !== kindOf[entry.type]) {
      throw new QuiltError('INVALID', `${entry.id} is a ${place.kind}, and a ${entry.type} needs another`)
    }
    if (entry.type !== 'file') continue
    const { size } = place.encoding === 'recipe' ? await objects.open(entry.id, undefined, ctx) : place
    if (size !== entry.size) {
      throw new QuiltError('INVALID', `blob ${entry.id} has ${String(size)} bytes, not ${String(entry.size)}`)
    }
  }
}

/**
 * Writes a tree from lines in any order. What they name must be here.
 * @throws INVALID for a line or an entry that no tree may hold; NOT_FOUND for an object that is not here
 */
export async function writeTree(
  session: Session,
  lines: readonly string[],
  meta?: JsonObject,
  ctx?: Context,
): Promise<Id> {
  const { objects } = (await session.local()).repository
  const found = lines.filter((line) => line !== '').map(parseTreeLine)
  found.sort((a, b) => compareText(a.name, b.name))
  return objects.batch(
    async (out) => {
      const ids = found.flatMap((entry) => (entry.type === 'link' ? [] : [parseId(entry.id)]))
      const [missing] = await out.missing(ids, ctx)
      if (missing !== undefined) throw new QuiltError('NOT_FOUND', `object ${missing} is not here`)
      await checkObjects(objects, found, ctx)
      return build(out, found, meta)
    },
    undefined,
    ctx,
  )
}
