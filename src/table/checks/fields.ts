// Reading the fields of a mapping that nobody vouches for: each reader gives a value, or tells a problem and gives
// `undefined`.
import { closest } from '../../core/base/closest.ts'
import type { CheckProblem } from './check.ts'

/** A mapping that is being read, and where problems go. */
export interface Fields {
  readonly at: readonly (string | number)[]
  readonly values: ReadonlyMap<string, unknown>
  readonly problem: (path: readonly (string | number)[], message: string) => void
}

/** How long texts and lists may be. */
export const longestText = 16_384
const longestList = 10_000

/** Opens a mapping; a Map and a plain object both are one. `known` are the keys that it may have. */
export function fieldsOf(
  value: unknown,
  at: readonly (string | number)[],
  problems: CheckProblem[],
  known: readonly string[],
): Fields | undefined {
  const problem = (path: readonly (string | number)[], message: string): void => {
    problems.push({ path, message })
  }
  const entries = entriesOf(value)
  if (entries === undefined) {
    problem(at, `expected a mapping with ${listed(known)}, not ${shown(value)}`)
    return undefined
  }
  const values = new Map<string, unknown>()
  for (const [key, one] of entries) {
    if (known.includes(key)) values.set(key, one)
    else problem([...at, key], `"${cut(key)}" is not known here${suggestion(key, known)}`)
  }
  return { at, values, problem }
}

/** A mapping's pairs; `undefined` for anything else. */
export function entriesOf(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  if (value instanceof Map) {
    const pairs = [...(value as Map<unknown, unknown>)]
    return pairs.every(([key]) => typeof key === 'string') ? (pairs as [string, unknown][]) : undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.entries(value)
}

/** A text of at least one character; a missing one is a problem unless it is `optional`. */
export function textField(fields: Fields, key: string, optional?: 'optional'): string | undefined {
  const value = fields.values.get(key)
  if (value === undefined) {
    if (optional === undefined) fields.problem(fields.at, `"${key}" is missing`)
    return undefined
  }
  if (typeof value === 'string' && value !== '' && value.length <= longestText) return value
  const wanted =
    value === '' ? 'a text that is not empty' : `a text of at most ${String(longestText)} characters`
  fields.problem([...fields.at, key], `expected ${wanted}, not ${shown(value)}`)
  return undefined
}

/** One of a few words; `undefined` where none is given. */
export function wordField<T extends string>(fields: Fields, key: string, words: readonly T[]): T | undefined {
  const value = fields.values.get(key)
  if (value === undefined) return undefined
  const found = words.find((word) => word === value)
  if (found === undefined) {
    const near = typeof value === 'string' ? suggestion(value, words) : ''
    fields.problem([...fields.at, key], `expected ${listed(words)}, not ${shown(value)}${near}`)
  }
  return found
}

/** True or false; false where none is given. */
export function flagField(fields: Fields, key: string): boolean {
  const value = fields.values.get(key)
  if (value === undefined || typeof value === 'boolean') return value ?? false
  fields.problem([...fields.at, key], `expected true or false, not ${shown(value)}`)
  return false
}

/** A finite number or a text. */
export function boundField(fields: Fields, key: string): number | string | undefined {
  const value = fields.values.get(key)
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'string' && value !== '' && value.length <= 200) return value
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.toISOString()
  fields.problem([...fields.at, key], `expected a number or a text, not ${shown(value)}`)
  return undefined
}

/** A whole number that is not negative. */
export function countField(fields: Fields, key: string): number | undefined {
  const value = fields.values.get(key)
  if (value === undefined) return undefined
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  fields.problem([...fields.at, key], `expected a whole number from 0 up, not ${shown(value)}`)
  return undefined
}

/** A list with something in it. */
export function listField(fields: Fields, key: string): readonly unknown[] | undefined {
  const value = fields.values.get(key)
  if (value === undefined) fields.problem(fields.at, `"${key}" is missing`)
  else if (Array.isArray(value) && value.length > 0 && value.length <= longestList) return value as unknown[]
  else
    fields.problem(
      [...fields.at, key],
      `expected a list of 1 to ${String(longestList)} values, not ${shown(value)}`,
    )
  return undefined
}

/** The names of columns: one as a text, or a list of them. */
export function namesOf(
  value: unknown,
  at: readonly (string | number)[],
  problem: Fields['problem'],
): readonly string[] | undefined {
  const list = typeof value === 'string' ? [value] : value
  const fine = (name: unknown): boolean => typeof name === 'string' && name !== '' && name.length <= 1000
  if (!Array.isArray(list) || list.length === 0 || list.length > 1000 || !list.every(fine)) {
    problem(at, `expected the name of a column, or a list of such names, not ${shown(value)}`)
    return undefined
  }
  const names = list as string[]
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice === undefined) return names
  problem(at, `the column "${cut(twice)}" is named twice`)
  return undefined
}

/** The end of a sentence about an unknown word: the nearest known one, or all where they are few. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = closest(cut(word), known)
  if (near !== undefined) return `; did you mean "${near}"?`
  return known.length === 0 || known.length > 12 ? '' : `; there is ${known.join(', ')}`
}

/** A value for a message: what it is, and a short text of it. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'string') return `"${cut(value)}"`
  if (typeof value === 'object') return 'a mapping'
  return cut(String(value as number))
}

/** Texts for messages are short. */
function cut(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${String(words.at(-1))}`
}
