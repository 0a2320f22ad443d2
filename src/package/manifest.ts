// Build files as values: what they say, and where they say it. How it is written is manifest/grammar.ts's matter.
import type { JsonObject } from '../core/model/metadata.ts'
import type { Reading } from '../core/model/entry.ts'
import type { Handle } from '../core/model/revision.ts'
import type { Check } from '../table/checks/check.ts'
import type { Position } from './manifest/problems.ts'

/** A build file, read. */
export interface Manifest {
  readonly contents: ManifestGroup | ManifestPackage
  /** The checks that it defines, by name. */
  readonly checks: ReadonlyMap<string, CheckDefinition>
}

/** A check as a build file defines it. */
export interface CheckDefinition {
  readonly at: Position
  /** Absent where it could not be understood: then that is told. */
  readonly check: Check | undefined
}

/** What one name of a build file stands for. */
export type ManifestNode = ManifestGroup | ManifestFile | ManifestGlob | ManifestPackage | ManifestLink

interface Placed {
  /** Where its key stands. */
  readonly at: Position
  readonly meta?: ManifestMeta
}

/** Metadata: said in the build file, or in a JSON file beside it. */
export type ManifestMeta =
  | { readonly kind: 'said'; readonly at: Position; readonly value: JsonObject }
  | { readonly kind: 'file'; readonly at: Position; readonly path: string }

/** A group. Patterns among its children are under their own text. */
export interface ManifestGroup extends Placed {
  readonly kind: 'group'
  readonly children: ReadonlyMap<string, ManifestNode>
}

/** What files are to be read by, and checked with. */
interface Read {
  /** After inheritance; absent where the build file says nothing. */
  readonly reading?: Reading
  readonly checks: readonly NamedCheck[]
}

/** A check that a file names, and where. */
export interface NamedCheck {
  readonly name: string
  readonly at: Position
}

/** A file. `path` is as written, relative to the build file's folder; `pathAt` is where it stands. */
export interface ManifestFile extends Placed, Read {
  readonly kind: 'file'
  readonly path: string
  readonly pathAt: Position
}

/** Every file that a pattern matches. */
export interface ManifestGlob extends Placed, Read {
  readonly kind: 'glob'
  readonly pattern: string
}

/** A part of another package, or all of it. `handle` is as written. */
export interface ManifestPackage extends Placed {
  readonly kind: 'package'
  readonly handle: string
  readonly source: Handle
  readonly handleAt: Position
}

/** A symbolic link inside the package. */
export interface ManifestLink extends Placed {
  readonly kind: 'link'
  readonly target: string
  readonly targetAt: Position
}

/** The parser's name in a reading that gives options, and leaves the parser to the file's extension. */
export const inferredParser = 'auto'
