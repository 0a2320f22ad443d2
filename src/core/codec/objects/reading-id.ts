// The id of a reading: which parser, of which version, with which options made a view (docs/format.md).
import type { Id } from '../../model/id.ts'
import type { JsonObject } from '../../model/metadata.ts'
import { encodePackable, packJson } from '../msgpack.ts'
import { hashBytes } from '#hash'

/** How a view was made. */
export interface ViewReading {
  readonly parser: string
  readonly version: string
  readonly options: JsonObject
}

/** The SHA-256 of the reading's canonical encoding: the second half of a view's name. */
export function readingId({ parser, version, options }: ViewReading): Id {
  return hashBytes(encodePackable('QV1\n', [parser, version, packJson(options)]))
}
