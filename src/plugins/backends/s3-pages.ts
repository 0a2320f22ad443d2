// A listing, page after page. A store that never comes to an end is left.
import type { _Object } from '@aws-sdk/client-s3'
import { persist, QuiltError } from '../api.ts'
import type { Context } from '../api.ts'
import { checkAnswer, type S3Link } from './s3-client.ts'

/** One object as a listing has it. */
export type S3Listed = _Object

/** Stores skip what was deleted by pages without keys; no honest one skips so many in a row. */
const mostEmptyPages = 10_000

/** What lies below a prefix, in pages as they come. Each page is tried again by itself. */
export async function* s3Pages(
  link: S3Link,
  prefix: string,
  ctx: Context | undefined,
): AsyncGenerator<readonly S3Listed[]> {
  let token: string | undefined
  let empty = 0
  do {
    const command = new link.sdk.ListObjectsV2Command({
      Bucket: link.bucket,
      Prefix: prefix,
      ContinuationToken: token,
    })
    const page = await persist(link.patience, ctx, () =>
      link.ask(prefix, (options) => link.client.send(command, options), ctx),
    )
    checkAnswer(link, prefix, page.IsTruncated !== undefined)
    const found = page.Contents ?? []
    empty = found.length === 0 ? empty + 1 : 0
    if (empty > mostEmptyPages)
      throw new QuiltError('UNSUPPORTED', `s3://${link.bucket}: its listing never ends`)
    yield found
    const next = page.IsTruncated === true ? page.NextContinuationToken : undefined
    checkAnswer(link, prefix, next === undefined || next !== token)
    token = next
  } while (token !== undefined)
}
