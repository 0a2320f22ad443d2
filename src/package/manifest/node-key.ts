// The keys of a build file's nodes: names, patterns, and how to write a name that would be taken for something else.
import { partsProblem } from '../../worktree/named/glob-pattern.ts'

/** Words with a meaning of their own in a group, beside which a node of that name must be marked. */
const reserved = new Set(['file', 'package', 'link', 'transform', 'kwargs', 'meta', 'checks', 'environments'])

/** True for a key that is a pattern unless its value says otherwise. A backslash takes a sign's meaning away. */
export function hasWildcard(key: string): boolean {
  return /[*?[]/.test(key.replace(/\\./gsu, ''))
}

/** The name that a key stands for. No name holds a backslash, so each marks what comes after it as plain. */
export function plainName(key: string): string {
  return key.replace(/\\(.)/gsu, '$1')
}

/** The key that stands for a name, whatever it looks like. */
export function keyFor(name: string): string {
  const plain = name.replace(/[*?[]/g, '\\$&')
  return reserved.has(plain) ? `\\${plain}` : plain
}

/** Why a pattern cannot be, or `undefined` when it can. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.includes('\\'))
    return 'a pattern holds no backslash: write a sign that is meant as it is as [*]'
  return partsProblem(pattern)
}
