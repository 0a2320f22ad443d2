// Tags and versions of a package's state: the names that people gave to commits.
import { compareText } from '../../core/base/bytes.ts'
import type { Id } from '../../core/model/id.ts'
import type { PackageState } from '../../core/store/ref-store.ts'
import { compareVersions } from './version.ts'

/** A tag or a version, and the commit that it names. */
export interface Label {
  readonly label: string
  readonly commit: Id
}

/** All tags ascending by name, or all versions in PEP 440's order. */
export function labelsOf(state: PackageState, kind: 'tag' | 'version'): readonly Label[] {
  const labels: Label[] = []
  for (const [name, commit] of state.refs) {
    if (name.startsWith(`${kind}/`)) labels.push({ label: name.slice(kind.length + 1), commit })
  }
  const compare = kind === 'tag' ? compareText : compareVersions
  return labels.sort((a, b) => compare(a.label, b.label))
}

/** The tags and versions of one commit. */
export function labelsAt(
  state: PackageState | undefined,
  commit: Id,
): { readonly tags: string[]; readonly versions: string[] } {
  const at = (kind: 'tag' | 'version'): string[] =>
    state === undefined
      ? []
      : labelsOf(state, kind)
          .filter((label) => label.commit === commit)
          .map(({ label }) => label)
  return { tags: at('tag'), versions: at('version') }
}
