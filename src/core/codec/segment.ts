// Segments: the log of consecutive generations whose files are gone, each with its id and its predecessor's.
// Layout: docs/format.md, section "Refs".
import { QuiltError } from '../base/error.ts'
import { idToBytes, type Id } from '../model/id.ts'
import { asCount, asFields, asId, asList, asMark, asText, malformed } from './fields.ts'
import { packMove, unpackMove, valid, type Generation, type Move } from './generation.ts'
import { seal, unseal } from './seal.ts'
import { decodePackable, encodePackable, type Packable } from './msgpack.ts'

/** What one segment file says: generations `first` to `first + moves.length - 1` of a package. */
export interface Segment {
  /** The package in lower case, as `packageKey` says it: its spelling may have changed on the way. */
  readonly package: string
  readonly first: number
  readonly moves: readonly FoldedMove[]
}

/** What is kept of a generation: its number, what links the chain, and its record for the log. */
export interface FoldedMove {
  readonly number: number
  /** SHA-256 of the generation's file. */
  readonly id: Id
  /** The id of generation `number - 1`; absent for the first. */
  readonly previous?: Id
  readonly deleted: boolean
  readonly move: Move
}

/** Largest segment file: twice what a fold reads at once. */
export const segmentBytes: number = 64 * 1024 * 1024

const magic = 'QS1\n'

/** What a segment keeps of a generation that has this id. */
export function foldedMove(generation: Generation, id: Id): FoldedMove {
  const { number, previous, deleted, move } = generation
  return { number, id, ...(previous === undefined ? {} : { previous }), deleted, move }
}

/**
 * A segment as its file's bytes. The moves ascend by number without a gap.
 * @throws INVALID when they do not, or when it is larger than a segment may be
 */
export function encodeSegment(name: string, moves: readonly FoldedMove[]): Uint8Array {
  const first = moves[0]?.number ?? 0
  if (first < 1 || moves.some((move, i) => move.number !== first + i)) {
    throw new QuiltError('INVALID', 'a segment holds consecutive generations')
  }
  const fields = new Map<string, Packable>([
    ['first', first],
    ['moves', moves.map(packFolded)],
    ['package', name],
  ])
  const bytes = seal(encodePackable(magic, fields))
  if (bytes.length > segmentBytes) throw new QuiltError('INVALID', 'a segment is too large')
  return bytes
}

/**
 * A segment file's bytes as a segment, its links checked. `what` names the file in errors.
 * @throws CORRUPT; UNSUPPORTED when it is of a newer format
 */
export function decodeSegment(bytes: Uint8Array, what: string): Segment {
  const value = decodePackable(magic, unseal(bytes, what), { bytes: segmentBytes, depth: 8 }, what)
  const fields = asFields(value, { required: ['first', 'moves', 'package'] }, what)
  const first = asCount(fields.get('first'), 1, what)
  const moves = asList(fields.get('moves'), what).map((move, i) => unpackFolded(move, first + i, what))
  if (moves.length === 0) throw malformed(what, 'it holds nothing')
  for (let i = 1; i < moves.length; i++) {
    if (moves[i]?.previous !== moves[i - 1]?.id)
      throw malformed(what, `the chain breaks at ${String(first + i)}`)
  }
  return { package: asText(fields.get('package'), what), first, moves }
}

function packFolded(folded: FoldedMove): Packable {
  const fields = new Map<string, Packable>([
    ['id', idToBytes(folded.id)],
    ['move', packMove(folded.move)],
  ])
  if (folded.previous !== undefined) fields.set('previous', idToBytes(folded.previous))
  if (folded.deleted) fields.set('deleted', true)
  return fields
}

function unpackFolded(value: Packable, number: number, what: string): FoldedMove {
  const fields = asFields(value, { required: ['id', 'move'], optional: ['deleted', 'previous'] }, what)
  if (fields.has('previous') !== number > 1) throw malformed(what, 'it names a predecessor wrongly')
  return {
    number,
    id: asId(fields.get('id'), what),
    ...(fields.has('previous') ? { previous: asId(fields.get('previous'), what) } : {}),
    deleted: asMark(fields.get('deleted'), what),
    move: valid(what, () => unpackMove(fields.get('move'), what)),
  }
}
