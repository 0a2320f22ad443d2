// What a value surely is, said without the engine: the same as `familyBits` says, or nothing where that takes a cast
// to know. What the engine takes is wide, and known here from both sides only: what all read so, and what none does.
import { letterOfBits, type Family, type TypeLetter } from './infer.ts'

/** The engine's word for a value of none of a family's types. */
const none = 128

type Pattern = readonly [RegExp, number]

const whole: Pattern = [/^(0|-?[1-9][0-9]{0,17})$/, 1]
const zeros: Pattern = [/^0[0-9]{1,30}$/, none]
const fraction: Pattern = [/^-?(0|[1-9][0-9]{0,99})\.[0-9]{1,100}$/, 4]
const exponent: Pattern = [/^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,40})?[eE][+-]?[0-9]{1,2}$/, 4]
/** Everything that any cast to a number may take, and more, without the space around it. */
const maybeNumber =
  /^[\s+-]*([0-9_]*(\.[0-9_]*)?([eE][+-]?[0-9_.]*)?|0[xX][0-9a-fA-F_]*|0[bB][01_]*|inf(inity)?|nan)$/i

const date = '[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])'
const clock = '([01][0-9]|2[0-3]):[0-5][0-9]'
const day: Pattern = [new RegExp(`^${date}$`), 1]
const local: Pattern = [new RegExp(`^${date}[ T]${clock}(:[0-5][0-9](\\.[0-9]{1,6})?)?$`), 2]
const zoned: Pattern = [
  new RegExp(`^${date}[ T]${clock}:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-2]):[0-5][0-9])$`),
  4,
]
/** A moment begins with its year; without one there are only its two ends. */
const maybeMoment = /^[\s+-]*([0-9]+-|inf)/i

const time: Pattern = [new RegExp(`^${clock}:[0-5][0-9](\\.[0-9]{1,6})?$`), 1]
const maybeTime = /^[0-9:.]{8,15}$/
const bool: Pattern = [/^(true|false)$/i, 1]

const known: Readonly<Record<Family, { readonly sure: readonly Pattern[]; readonly maybe: RegExp }>> = {
  number: { sure: [whole, fraction, zeros, exponent], maybe: maybeNumber },
  moment: { sure: [day, local, zoned], maybe: maybeMoment },
  time: { sure: [time], maybe: maybeTime },
  bool: { sure: [bool], maybe: bool[0] },
}

/** The bits of a value in a family; `undefined` where only the engine knows. */
export function knownBits(value: string, family: Family): number | undefined {
  const { sure, maybe } = known[family]
  for (const [pattern, bits] of sure) if (pattern.test(value)) return bits
  return maybe.test(value.trim()) ? undefined : none
}

/**
 * The narrowest type of a column's values, asked of these families in their order; `undefined` where only the engine
 * knows.
 */
export function knownLetter(values: Iterable<string>, families: readonly Family[]): TypeLetter | undefined {
  const bits = new Map<Family, number | undefined>(families.map((family) => [family, 0]))
  let isEmpty = true
  for (const value of values) {
    isEmpty = false
    for (const [family, sum] of bits) {
      const one = knownBits(value, family)
      if (one === none) bits.delete(family)
      else bits.set(family, one === undefined || sum === undefined ? undefined : sum | one)
    }
    if (bits.size === 0) return 's'
  }
  if (isEmpty) return '-'
  for (const [family, sum] of bits) {
    if (sum === undefined) return undefined
    const letter = letterOfBits(family, sum)
    if (letter !== undefined && letter !== 's') return letter
  }
  return 's'
}
