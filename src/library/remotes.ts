// What lies on remotes, in code: `search` is `quilt search`.
import { deletePackage as deleteIn, type DeleteOptions, type Deleted } from '../package/remote/delete.ts'
import { search as searchIn, type FoundPackage, type SearchOptions } from '../package/search/search.ts'
import { within, type CallOptions } from './call.ts'

/**
 * Finds packages whose latest says all words, the best first: in names, metadata and README. On the remote that is
 * named, else on the configured one, else on this machine.
 * @throws QuiltError INVALID without a word; NOT_FOUND, UNAVAILABLE for the remote
 * @example for (const { package: name, rank } of await search('wine reviews')) console.log(name, rank)
 */
export function search(
  words: string,
  options: SearchOptions & CallOptions = {},
): Promise<readonly FoundPackage[]> {
  return within(options, (session) => searchIn(session, [words], options, options))
}

/**
 * Deletes a package with all its revisions from the remote that is named, else from its origin. What is on this machine
 * stays. Also exported as `delete`.
 * @throws QuiltError NOT_FOUND, DENIED, UNAVAILABLE
 * @example await deletePackage('ada/wine', { remote: 'lab' })
 */
export function deletePackage(pkg: string, options: DeleteOptions & CallOptions = {}): Promise<Deleted> {
  return within(options, (session) => deleteIn(session, pkg, options, options))
}
