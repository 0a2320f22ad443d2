// How fast a command may use the network.
import { Flags } from '@oclif/core'
import { QuiltError } from '../../core/base/error.ts'

/** The flag of commands that move much. */
export const rateFlag = {
  'limit-rate': Flags.string({
    description: 'bytes a second, on average, such as 500K or 2M (K, M and G are 1024 and its powers)',
    helpValue: 'RATE',
  }),
}

const powers: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 }

/**
 * A rate in bytes a second, from text.
 * @throws INVALID
 * @example parseRate('1.5M') // 1572864
 */
export function parseRate(text: string): number {
  const [, number, unit = ''] = /^(\d{1,12}(?:\.\d{1,6})?)([KMG]?)$/i.exec(text) ?? []
  const rate = Number(number) * (powers[unit.toUpperCase()] ?? Number.NaN)
  if (rate >= 1) return rate
  throw new QuiltError('INVALID', `invalid rate ${JSON.stringify(text.slice(0, 80))}`, {
    hint: 'give bytes a second, such as 500K or 2M',
  })
}
