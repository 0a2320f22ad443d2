// Values that are exported and that no other file speaks of. Pure.
import { tokenize } from './source-tokens.ts'
import type { Source } from './house-rules.ts'

/** Values that the system looks for by name: oclif's hook, Node's module hooks. */
const calledByName = new Set(['src/cli/unknown-command.ts', 'src/register/hooks.ts'])

/**
 * Exported functions, constants and classes whose names stand in no other source and in no document: `PATH: NAME`.
 * Types may be exported for their own sake, so that whoever calls can name them.
 */
export function unusedExports(
  sources: readonly Source[],
  documents: readonly string[] = [],
): readonly string[] {
  const speaking = new Map<string, number>()
  for (const { text } of sources) {
    // Texts count, too: some are modules that are written.
    const words = new Set(tokenize(text).flatMap((token) => token.text.match(/[\w$]+/g) ?? []))
    for (const word of words) speaking.set(word, (speaking.get(word) ?? 0) + 1)
  }
  const told = new Set(documents.flatMap((text) => text.match(/[\w$]+/g) ?? []))
  return sources.flatMap(({ path, text }) => {
    if (!path.startsWith('src/') || calledByName.has(path)) return []
    const names = [...text.matchAll(/^export (?:async )?(?:function\*?|const|class) ([\w$]+)/gm)]
    return names
      .map(([, name = '']) => name)
      .filter((name) => speaking.get(name) === 1 && !told.has(name))
      .map((name) => `${path}: ${name}`)
  })
}
