// Plain files in a bucket, under their own names: what other programs read.
import { persist, QuiltError } from '../api.ts'
import type { FileSink } from '../api.ts'
import type { S3Link } from './s3-client.ts'
import { s3Pages } from './s3-pages.ts'
import { writeS3 } from './s3-writer.ts'

/** No store takes longer names, in bytes. */
const longestName = 1024

/** Files below a prefix of a bucket. Each request is tried again by itself. */
export function s3Files(link: S3Link, prefix: string): FileSink {
  return {
    async put(path, body, ctx) {
      const at = prefix + path
      if (new TextEncoder().encode(at).length > longestName) {
        throw new QuiltError(
          'INVALID',
          `"${path}" is too long for a bucket: ${longestName} bytes with its prefix`,
        )
      }
      const put = (): Promise<void> => writeS3(link, { at, body, absent: false }, ctx)
      await (body instanceof Uint8Array ? persist(link.patience, ctx, put) : put())
    },
    async *list(ctx) {
      for await (const page of s3Pages(link, prefix, ctx)) {
        for (const { Key = '' } of page) if (Key.startsWith(prefix)) yield Key.slice(prefix.length)
      }
    },
    close: async () => {
      link.client.destroy()
    },
  }
}
