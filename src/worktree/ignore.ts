// Which names of a folder a build leaves out: `.quiltignore` in gitignore's syntax, and what Quilt 2 left out.
// As in git, upper and lower case differ, the last rule that speaks of a path decides, and a folder's own rules
// come after those of the folders above it.
import ignoreRules, { type Ignore as Tester } from 'ignore'

/** Name of the files that hold rules; each counts for its own folder and what lies below. */
export const ignoreFile = '.quiltignore'

/** Says what is left out, in one folder. */
export interface Ignore {
  /** True when this name of the folder is left out. */
  ignores(name: string, isFolder: boolean): boolean
  /** For the same folder, `text` being its own rules. */
  adding(text: string): Ignore
  /** For a folder in this one. */
  below(name: string): Ignore
}

/** Every pattern that holds in a folder, relative to the top folder. */
interface Rules {
  readonly patterns: readonly string[]
  tester: Tester
  tests: number
}

/** What Quilt 2 left out; `!NAME` in a `.quiltignore` brings it in. A build file is data unless it lies at the top. */
const defaultPatterns: readonly string[] = ['.*', '*~', 'quilt_packages', '/build.yml']
/** `ignore` remembers every path that it was asked; after so many it is made anew, to bound memory. */
const testsPerTester = 20_000

/** Two stars and a slash stand for any number of names: three of them take a minute in a deep folder (measured). */
const mostAnyFolders = 2

/** The first rule of a file that is too costly to try on every path, if there is one. */
export function costlyRule(text: string): string | undefined {
  return text.split('\n').find((line) => line.split('**/').length - 1 > mostAnyFolders)
}

/** For the top folder, without rules of its own. */
export function ignoreOf(): Ignore {
  return inFolder('', undefined)
}

function inFolder(folder: string, rules: Rules | undefined): Ignore {
  const pathOf = (name: string): string => (folder === '' ? name : `${folder}/${name}`)
  return {
    ignores: (name, isFolder) =>
      rules === undefined
        ? leftOutByDefault(name, folder === '')
        : leftOutByRules(rules, isFolder ? `${pathOf(name)}/` : pathOf(name)),
    adding: (text) =>
      inFolder(folder, rulesOf([...(rules?.patterns ?? defaultPatterns), ...patternsIn(folder, text)])),
    below: (name) => inFolder(pathOf(name), rules),
  }
}

/** `defaultPatterns` by hand: most folders have no other rules. */
function leftOutByDefault(name: string, isTop: boolean): boolean {
  return (
    name.startsWith('.') || name.endsWith('~') || name === 'quilt_packages' || (isTop && name === 'build.yml')
  )
}

function leftOutByRules(rules: Rules, path: string): boolean {
  if (++rules.tests % testsPerTester === 0) rules.tester = testerOf(rules.patterns)
  return rules.tester.ignores(path)
}

function rulesOf(patterns: readonly string[]): Rules {
  return { patterns, tester: testerOf(patterns), tests: 0 }
}

function testerOf(patterns: readonly string[]): Tester {
  return ignoreRules({ ignorecase: false, allowRelativePaths: true }).add(patterns)
}

/**
 * The patterns of one file, made relative to the top folder. One set of them for all folders decides as git does:
 * asked folder by folder, a rule far up would leave out what is in a folder that a rule further down brought in.
 */
function patternsIn(folder: string, text: string): string[] {
  const patterns: string[] = []
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue
    const negated = line.startsWith('!')
    const body = negated ? line.slice(1) : line
    if (/^[/ \r]*$/.test(body)) continue
    patterns.push(folder === '' ? line : `${negated ? '!' : ''}${placed(folder, body)}`)
  }
  return patterns
}

/** A pattern of a folder's own: with a slash before its end it is meant from there, else at any depth below. */
function placed(folder: string, body: string): string {
  const from = `/${folder.replace(/[\\*?[]/g, '\\$&')}`
  let end = body.length
  while (body[end - 1] === ' ' || body[end - 1] === '\r') end--
  const slash = body.indexOf('/')
  if (slash >= 0 && slash < end - 1) return `${from}${slash === 0 ? '' : '/'}${body}`
  return `${from}/**/${body.replace(/^\\(?=[!#])/, '')}`
}
