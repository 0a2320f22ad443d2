// Fields of a decoded map, each checked for its type. For records that are maps: generations, segments.
import { QuiltError } from '../base/error.ts'
import { idBytes, idFromBytes, type Id } from '../model/id.ts'
import type { Packable } from './msgpack.ts'

/** A map of decoded values. */
export type Fields = ReadonlyMap<string, Packable>

/** The error for decoded bytes that say what they must not. */
export function malformed(what: string, why: string): QuiltError {
  return new QuiltError('CORRUPT', `${what} is malformed: ${why}`)
}

/** A map that holds every one of `required` and nothing beyond `optional`. */
export function asFields(
  value: Packable | undefined,
  keys: { readonly required: readonly string[]; readonly optional?: readonly string[] },
  what: string,
): Fields {
  if (!isFields(value)) throw malformed(what, 'no map where one must be')
  for (const key of keys.required) if (!value.has(key)) throw malformed(what, `no "${key}"`)
  const optional = keys.optional ?? []
  for (const key of value.keys()) {
    if (!keys.required.includes(key) && !optional.includes(key)) {
      throw malformed(what, `an unknown field ${JSON.stringify(key.slice(0, 40))}`)
    }
  }
  return value
}

/** A map with any keys. */
export function asMap(value: Packable | undefined, what: string): Fields {
  if (!isFields(value)) throw malformed(what, 'no map where one must be')
  return value
}

/** A list. */
export function asList(value: Packable | undefined, what: string): readonly Packable[] {
  if (!Array.isArray(value)) throw malformed(what, 'no list where one must be')
  return value as readonly Packable[]
}

/** A text. */
export function asText(value: Packable | undefined, what: string): string {
  if (typeof value !== 'string') throw malformed(what, 'no text where one must be')
  return value
}

/** A whole number of at least `least` that a double can say exactly. */
export function asCount(value: Packable | undefined, least: number, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
    throw malformed(what, `no whole number of ${String(least)} or more where one must be`)
  }
  return value
}

/** Exactly `length` bytes. */
export function asBytes(value: Packable | undefined, length: number, what: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length) {
    throw malformed(what, `not ${String(length)} bytes where they must be`)
  }
  return value
}

/** An id, as its 32 bytes. */
export function asId(value: Packable | undefined, what: string): Id {
  return idFromBytes(asBytes(value, idBytes, what))
}

/** A mark that is there (true) or absent. */
export function asMark(value: Packable | undefined, what: string): boolean {
  if (value !== undefined && value !== true) throw malformed(what, 'a mark that is not true')
  return value === true
}

function isFields(value: Packable | undefined): value is Fields {
  return value instanceof Map
}
