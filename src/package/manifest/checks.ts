// The checks of a build file: those that it defines, understood at once, and those that its files name.
import type { JsonObject } from '../../core/model/metadata.ts'
import { parseChecks } from '../../table/checks/parse-checks.ts'
import type { CheckDefinition, Manifest, NamedCheck } from '../manifest.ts'
import { quoted, type Position, type Problems } from './problems.ts'
import { jsonOf, textOf } from './settings.ts'
import type { YamlPair, YamlValue } from './yaml-value.ts'

/** `checks: "a, b c"`, or a list. */
export function namedChecks(problems: Problems, value: YamlValue | undefined): readonly NamedCheck[] {
  if (value === undefined || (value.kind === 'scalar' && value.value === null)) return []
  if (value.kind === 'list') return value.items.flatMap((item) => namedChecks(problems, item))
  const text = textOf(problems, value, '"checks"')
  const names = text?.split(/[\s,]+/).filter((name) => name !== '') ?? []
  return names.map((name) => ({ name, at: value.at }))
}

/** The checks that a mapping defines. One with a mistake is there by its name, and without what it asks. */
export function checksOf(problems: Problems, value: YamlValue | undefined): Manifest['checks'] {
  const checks = new Map<string, CheckDefinition>()
  if (value === undefined || (value.kind === 'scalar' && value.value === null)) return checks
  if (value.kind !== 'map') {
    problems.add(value.at, '"checks" must be a mapping of names to checks')
    return checks
  }
  for (const [name, pair] of value.pairs) checks.set(name, checkOf(problems, name, pair))
  return checks
}

function checkOf(problems: Problems, name: string, pair: YamlPair): CheckDefinition {
  const { at, value } = pair
  const definition =
    value.kind === 'map'
      ? (jsonOf(problems, value) as JsonObject | undefined)
      : textOf(problems, value, quoted(name))
  if (definition === undefined) return { at, check: undefined }
  const parsed = parseChecks(new Map([[name, definition]]))
  for (const { path, message } of parsed.problems) problems.add(placeOf(pair, path.slice(1)), message)
  return { at, check: parsed.checks.get(name) }
}

/** Where a part of a definition stands: its key, or itself in a list; what is missing, at what lacks it. */
function placeOf({ at, value }: YamlPair, path: readonly (string | number)[]): Position {
  let place = at
  let inside: YamlValue | undefined = value
  for (const step of path) {
    if (inside?.kind === 'list') {
      inside = inside.items[Number(step)]
      place = inside?.at ?? place
    } else {
      const pair: YamlPair | undefined = inside?.kind === 'map' ? inside.pairs.get(String(step)) : undefined
      place = pair?.at ?? place
      inside = pair?.value
    }
  }
  return place
}
