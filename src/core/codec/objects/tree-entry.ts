// Entries inside a tree's node: arrays of name, type and what the type needs, then one map of extras.
// Layout: docs/format.md, section "Trees".
import { equalBytes, isWellFormed } from '../../base/bytes.ts'
import { isQuiltError } from '../../base/error.ts'
import { nameBytes, nameProblem, targetProblem, treeDepth } from '../../model/entry.ts'
import type { Entry, FileEntry, Reading, RecipeEntry } from '../../model/entry.ts'
import { idBytes, idToBytes, isId } from '../../model/id.ts'
import { checkMetadata, metadataBytes, utf8Length, type JsonObject } from '../../model/metadata.ts'
import { asCount, asFields, asId, asList, asMap, asMark, asText, malformed, type Fields } from '../fields.ts'
import { encodePackable, packedSize, packJson, unpackJson, type Packable } from '../msgpack.ts'

/** What a tree's leaf may hold: a package's entry, or a derived tree's recipe. */
export type TreeEntry = Entry | RecipeEntry

/** The numbers that stand for the types. */
const typeNumbers = { group: 0, file: 1, link: 2, recipe: 3 } as const
/** How many parts an entry has before its extras, by type number. */
const partCounts = [3, 4, 3, 4]
/** Which extras an entry may have, by type number. */
const extraKeys = [['meta'], ['executable', 'meta', 'reading', 'source'], ['meta'], []]

/** An entry in the form in which it is written. It must have no `entryProblem`. */
export function packEntry(entry: TreeEntry): Packable {
  const parts: Packable[] = [entry.name, typeNumbers[entry.type]]
  if (entry.type === 'link') parts.push(entry.target)
  else parts.push(idToBytes(entry.id))
  if (entry.type === 'file' || entry.type === 'recipe') parts.push(entry.size)
  const extras = packExtras(entry)
  if (extras !== undefined) parts.push(extras)
  return parts
}

function packExtras(entry: TreeEntry): ReadonlyMap<string, Packable> | undefined {
  if (entry.type === 'recipe' || !hasExtras(entry)) return undefined
  const extras = new Map<string, Packable>()
  if (entry.meta !== undefined) extras.set('meta', packJson(entry.meta))
  if (entry.type !== 'file') return extras
  if (entry.executable !== undefined) extras.set('executable', true)
  if (entry.source !== undefined) extras.set('source', entry.source)
  if (entry.reading !== undefined) {
    extras.set('reading', [entry.reading.parser, packJson(entry.reading.options)])
  }
  return extras
}

function hasExtras(entry: TreeEntry): boolean {
  if (entry.type === 'recipe') return false
  if (entry.meta !== undefined) return true
  if (entry.type !== 'file') return false
  return entry.executable !== undefined || entry.source !== undefined || entry.reading !== undefined
}

/** Exactly how many bytes an entry takes in a node. */
export function entrySize(entry: TreeEntry): number {
  let size = 2 + packedSize(entry.name) // the array's and the type's byte
  size += entry.type === 'link' ? packedSize(entry.target) : 2 + idBytes
  if (entry.type === 'file' || entry.type === 'recipe') size += packedSize(entry.size)
  const extras = packExtras(entry)
  return extras === undefined ? size : size + packedSize(extras)
}

/** True when both say the same, whatever the order of keys in their metadata. */
export function sameEntry(a: TreeEntry, b: TreeEntry): boolean {
  if (a === b) return true
  if (a.name !== b.name || a.type !== b.type) return false
  if (!hasExtras(a) && !hasExtras(b)) {
    if (a.type === 'link') return a.target === (b as typeof a).target
    if (a.type === 'group') return a.id === (b as typeof a).id
    return a.id === (b as typeof a).id && a.size === (b as typeof a).size
  }
  return equalBytes(encodePackable('', packEntry(a)), encodePackable('', packEntry(b)))
}

/** Why an entry cannot stand in a tree, or `undefined` when it can. */
export function entryProblem(entry: TreeEntry): string | undefined {
  const problem = nameProblem(entry.name)
  if (problem !== undefined) return problem
  switch (entry.type) {
    case 'group':
      return metaProblem(entry.meta)
    case 'link':
      return targetProblem(entry.target, treeDepth) ?? metaProblem(entry.meta)
    case 'recipe':
      if (!isId(entry.name)) return 'a recipe is named by its blob'
      return sizeProblem(entry.size)
    case 'file':
      return sizeProblem(entry.size) ?? metaProblem(entry.meta) ?? fileProblem(entry)
    default:
      return 'its type is unknown'
  }
}

function sizeProblem(size: number): string | undefined {
  return Number.isSafeInteger(size) && size >= 0 ? undefined : 'its size is no whole number below 2^53'
}

/** Why metadata cannot be kept, or `undefined` when it can or there is none. */
export function metaProblem(meta: JsonObject | undefined): string | undefined {
  if (meta === undefined) return undefined
  return (
    jsonProblem(meta, 'its metadata') ??
    (Object.keys(meta).length === 0 ? 'its metadata is empty' : undefined)
  )
}

function jsonProblem(json: JsonObject, what: string): string | undefined {
  try {
    checkMetadata(json, what)
  } catch (error) {
    if (isQuiltError(error, 'INVALID')) return error.message
    throw error
  }
  if (packedSize(packJson(json)) <= metadataBytes) return undefined
  return `${what} takes more than ${String(metadataBytes / 1024)} KiB`
}

function fileProblem(entry: FileEntry): string | undefined {
  if (entry.source !== undefined) {
    const problem = nameProblem(entry.source)
    if (problem !== undefined) return `the name of its source: ${problem}`
  }
  return entry.reading === undefined ? undefined : readingProblem(entry.reading)
}

function readingProblem(reading: Reading): string | undefined {
  const { parser } = reading
  if (parser === '' || !isWellFormed(parser) || utf8Length(parser) > nameBytes) {
    return `its parser's name is not 1 to ${String(nameBytes)} bytes long`
  }
  return jsonProblem(reading.options, 'the options of its parser')
}

/**
 * An entry from the form in which it is written. Values are checked by `entryProblem`, not here.
 * @throws CORRUPT when parts are of another type than they must be
 */
export function unpackEntry(value: Packable, what: string): TreeEntry {
  const parts = asList(value, what)
  const type = parts[1]
  if (typeof type !== 'number') throw malformed(what, 'an entry of an unknown form')
  const count = partCounts[type]
  if (count === undefined || parts.length < count || parts.length > count + 1) {
    throw malformed(what, 'an entry of an unknown form')
  }
  const name = asText(parts[0], what)
  const extras =
    parts.length > count ? unpackExtras(parts[count], extraKeys[type] as string[], what) : undefined
  if (type === typeNumbers.link) return { type: 'link', name, target: asText(parts[2], what), ...extras }
  const id = asId(parts[2], what)
  if (type === typeNumbers.group) return { type: 'group', name, id, ...extras }
  const size = asCount(parts[3], 0, what)
  if (type === typeNumbers.recipe) return { type: 'recipe', name, id, size }
  return extras === undefined ? { type: 'file', name, id, size } : { type: 'file', name, id, size, ...extras }
}

type Extras = Pick<FileEntry, 'meta' | 'executable' | 'source' | 'reading'>

function unpackExtras(value: Packable | undefined, keys: readonly string[], what: string): Extras {
  const fields = asFields(value, { required: [], optional: keys }, what)
  if (fields.size === 0) throw malformed(what, 'an empty map is left out')
  return {
    ...(fields.has('meta') ? { meta: unpackMeta(fields.get('meta'), what) } : {}),
    ...(asMark(fields.get('executable'), what) ? { executable: true } : {}),
    ...(fields.has('source') ? { source: asText(fields.get('source'), what) } : {}),
    ...(fields.has('reading') ? { reading: unpackReading(fields, what) } : {}),
  }
}

function unpackReading(fields: Fields, what: string): Reading {
  const parts = asList(fields.get('reading'), what)
  if (parts.length !== 2) throw malformed(what, 'a reading has two parts')
  return { parser: asText(parts[0], what), options: unpackMeta(parts[1], what) }
}

/** A map as a JSON object. Throws CORRUPT when it is none. */
export function unpackMeta(value: Packable | undefined, what: string): JsonObject {
  return unpackJson(asMap(value, what)) as JsonObject
}
