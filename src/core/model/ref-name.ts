// Names of refs: `latest`, `tag/<t>`, `version/<v>`.
import { QuiltError } from '../base/error.ts'

declare const brand: unique symbol

/** `latest`, `tag/<t>` or `version/<v>` of one package. */
export type RefName = string & { readonly [brand]: 'RefName' }

/** The ref that a build or push moves. */
export const latest = 'latest' as RefName

/** Letters, digits, `_`, then also `.`, `+`, `-`, `!`; at most 64 characters. */
const labelPattern = /^[\p{L}\p{N}_][\p{L}\p{M}\p{N}_.+!-]{0,63}$/u

/** True for what can be a tag or a version as far as refs care. */
export function isRefLabel(text: string): boolean {
  return labelPattern.test(text) && !text.includes('..') && !/(\.lock|\.)$/.test(text) && text !== 'HEAD'
}

/**
 * Text to the name of a ref.
 * @throws INVALID
 * @example parseRefName('tag/prod')
 */
export function parseRefName(text: string): RefName {
  const label = /^(?:tag|version)\/(.*)$/su.exec(text)?.[1]
  if (text === latest || (label !== undefined && isRefLabel(label))) return text as RefName
  throw new QuiltError('INVALID', `invalid ref name ${JSON.stringify(text.slice(0, 100))}`, {
    hint: 'use latest, tag/NAME or version/NAME: letters, digits, "_", ".", "+" and "-", 64 at most',
  })
}
