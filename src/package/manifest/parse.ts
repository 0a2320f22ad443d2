// A build file's text as a manifest: its top level. Knows no disk.
import type { Manifest } from '../manifest.ts'
import { checksOf } from './checks.ts'
import { contentsOf } from './grammar.ts'
import { quoted, suggestion, type Problems } from './problems.ts'
import { parseYaml, type YamlValue } from './yaml-value.ts'

/** Keys at the top of a build file. */
const topKeys = ['contents', 'checks', 'environments']

/**
 * A build file's text as a manifest; `undefined` when nothing can be made of it. What is wrong is added to
 * `problems`, all of it: check these before the manifest is used. `depth` is the number of groups above the contents.
 */
export async function parseManifest(
  text: string,
  problems: Problems,
  depth = 0,
): Promise<Manifest | undefined> {
  const value = await parseYaml(text, problems)
  if (problems.found.length > 0 && value === undefined) return undefined
  const top = { line: 1, column: 1 }
  if (value?.kind !== 'map') {
    problems.add(value?.at ?? top, 'a build file is a mapping with the key "contents"')
    return undefined
  }
  for (const [key, { at }] of value.pairs) {
    if (!topKeys.includes(key)) problems.add(at, `unknown key ${quoted(key)}${suggestion(key, topKeys)}`)
  }
  const contents = value.pairs.get('contents')
  if (contents === undefined)
    problems.add(top, 'the key "contents" is missing: for an empty package write contents: {}')
  const checks = checksOf(problems, value.pairs.get('checks')?.value)
  const root = contents === undefined ? undefined : contentsOf(problems, contents, depth)
  return root === undefined ? undefined : { contents: root, checks }
}

/**
 * The checks of a file beside the build file (`checks.yml`): its `checks`, or else all of it but `contents`, as the
 * original had it.
 */
export async function parseChecks(text: string, problems: Problems): Promise<Manifest['checks']> {
  const value: YamlValue | undefined = await parseYaml(text, problems)
  if (value === undefined) return new Map()
  if (value.kind !== 'map') return checksOf(problems, value)
  const inside = value.pairs.get('checks')?.value
  if (inside?.kind === 'map') return checksOf(problems, inside)
  const pairs = new Map([...value.pairs].filter(([key]) => key !== 'contents'))
  return checksOf(problems, { ...value, pairs })
}
