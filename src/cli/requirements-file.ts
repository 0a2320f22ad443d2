// How a file of requirements is named where a package could be: `@FILE`.
import { QuiltError } from '../core/base/error.ts'

/**
 * The file that `@FILE` names.
 * @throws INVALID for anything else
 */
export function requirementsOf(text: string): string {
  const file = text.startsWith('@') ? text.slice(1) : ''
  if (file !== '') return file
  throw new QuiltError('INVALID', `${JSON.stringify(text.slice(0, 200))} names no file`, {
    hint: 'name a file of requirements as @FILE',
  })
}
