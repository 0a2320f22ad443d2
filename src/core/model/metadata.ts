// User metadata: JSON, bounded. What may stand in it, and nothing about how it is encoded.
import { isWellFormed, utf8 } from '../base/bytes.ts'
import { QuiltError } from '../base/error.ts'

/** A JSON value. Numbers are finite; -0 counts as 0. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
/** A JSON object. Key order carries no meaning. */
export type JsonObject = { readonly [key: string]: Json }

/** Deepest nesting of metadata. */
export const metadataDepth = 64
/** Largest metadata of one entry, in bytes of its canonical encoding. */
export const metadataBytes: number = 64 * 1024

/**
 * Refuses what is no JSON object that can be kept: functions, undefined, NaN, lone surrogates, too deep.
 * The size is checked where it is encoded.
 * @throws INVALID, naming the place within the metadata
 */
export function checkMetadata(value: unknown, what: string): asserts value is JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new QuiltError('INVALID', `${what} must be a JSON object`)
  }
  checkJson(value, what, 0)
}

function checkJson(value: unknown, where: string, depth: number): void {
  if (depth > metadataDepth) {
    throw new QuiltError('INVALID', `${where} is nested deeper than ${String(metadataDepth)} levels`)
  }
  switch (typeof value) {
    case 'boolean':
      return
    case 'number':
      if (!Number.isFinite(value))
        throw new QuiltError('INVALID', `${where} holds a number that JSON cannot say`)
      return
    case 'string':
      checkText(value, where)
      return
    case 'object':
      if (value === null) return
      if (Array.isArray(value)) {
        value.forEach((item, i) => {
          checkJson(item, `${where}[${String(i)}]`, depth + 1)
        })
        return
      }
      if (!isPlainObject(value)) break
      for (const [key, item] of Object.entries(value)) {
        checkText(key, where)
        checkJson(item, `${where}.${key.slice(0, 40)}`, depth + 1)
      }
      return
    default:
  }
  throw new QuiltError('INVALID', `${where} holds a value that JSON cannot say`)
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function checkText(text: string, where: string): void {
  if (!isWellFormed(text)) throw new QuiltError('INVALID', `${where} holds text that UTF-8 cannot say`)
}

/** Length of a text in UTF-8 bytes. */
export function utf8Length(text: string): number {
  return utf8(text).length
}
