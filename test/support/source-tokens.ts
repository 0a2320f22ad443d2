// Reads TypeScript far enough for the house's rules: tokens, without comments, strings and regexes told apart.

/** One token; a string's `text` is its content without quotes. */
export interface Token {
  readonly kind: 'word' | 'string' | 'template' | 'regex' | 'number' | 'mark'
  readonly text: string
  readonly line: number
}

/** One module named by a source: by `import`, `export … from`, `import()` or `typeof import()`. */
export interface Import {
  readonly module: string
  readonly form: 'static' | 'type' | 'dynamic' | 'reexport'
  readonly line: number
}

/** After these words a slash begins a regular expression, not a division. */
const beforeRegex = new Set(
  'return typeof case in of delete void throw new else do await yield instanceof'.split(' '),
)

/** The tokens of a source; what stands inside `${…}` of a template counts as code. */
export function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = []
  const templates: number[] = [] // brace depth at which each open template's `${` was met
  let depth = 0
  let line = 1
  let at = 0
  const add = (kind: Token['kind'], text: string, end: number): void => {
    tokens.push({ kind, text, line })
    for (let i = at; i < end; i++) if (source[i] === '\n') line++
    at = end
  }
  const skip = (end: number): void => {
    for (let i = at; i < end; i++) if (source[i] === '\n') line++
    at = end
  }
  const template = (from: number): void => {
    const end = templateEnd(source, from)
    const open = source.startsWith('${', end)
    add('template', source.slice(from, end), open ? end + 2 : end + 1)
    if (open) templates.push(depth++)
  }
  while (at < source.length) {
    const char = source[at] as string
    if (/\s/.test(char)) skip(at + 1)
    else if (source.startsWith('//', at) || (at === 0 && source.startsWith('#!')))
      skip(endOf(source, '\n', at, 0))
    else if (source.startsWith('/*', at)) skip(endOf(source, '*/', at + 2, 2))
    else if (char === "'" || char === '"') {
      const end = stringEnd(source, at)
      add('string', source.slice(at + 1, end - 1), end)
    } else if (char === '`') template(at + 1)
    else if (char === '}' && templates.at(-1) === depth - 1) {
      depth = templates.pop() as number
      template(at + 1)
    } else if (/[\p{L}_$#\d]/u.test(char)) {
      const word = (/^[\p{L}\p{N}_$#]+/u.exec(source.slice(at, at + 200)) as RegExpExecArray)[0]
      add(/\d/.test(char) ? 'number' : 'word', word, at + word.length)
    } else if (char === '/' && regexMayStart(tokens.at(-1))) {
      const end = regexEnd(source, at)
      add('regex', source.slice(at, end), end)
    } else {
      if (char === '{') depth++
      if (char === '}') depth--
      add('mark', char, at + 1)
    }
  }
  return tokens
}

function endOf(source: string, mark: string, from: number, past: number): number {
  const end = source.indexOf(mark, from)
  return end < 0 ? source.length : end + past
}

function stringEnd(source: string, from: number): number {
  const quote = source[from]
  let at = from + 1
  while (at < source.length && source[at] !== quote) at += source[at] === '\\' ? 2 : 1
  return at + 1
}

function templateEnd(source: string, from: number): number {
  let at = from
  while (at < source.length && source[at] !== '`' && !source.startsWith('${', at))
    at += source[at] === '\\' ? 2 : 1
  return at
}

function regexMayStart(last: Token | undefined): boolean {
  if (last === undefined) return true
  if (last.kind === 'word') return beforeRegex.has(last.text)
  return last.kind === 'mark' && !')]}'.includes(last.text)
}

function regexEnd(source: string, from: number): number {
  let at = from + 1
  let inClass = false
  while (at < source.length && (inClass || source[at] !== '/') && source[at] !== '\n') {
    if (source[at] === '[') inClass = true
    if (source[at] === ']') inClass = false
    at += source[at] === '\\' ? 2 : 1
  }
  return at + 1 + (/^[a-z]*/.exec(source.slice(at + 1, at + 12)) as RegExpExecArray)[0].length
}

/** Every module that these tokens name. */
export function importsOf(tokens: readonly Token[]): readonly Import[] {
  const found: Import[] = []
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token
    if (token.kind !== 'word' || tokens[i - 1]?.text === '.') continue
    if (token.text === 'import') addImport(tokens, i, found)
    else if (token.text === 'export') addReexport(tokens, i, found)
  }
  return found
}

function addImport(tokens: readonly Token[], i: number, found: Import[]): void {
  const { line } = tokens[i] as Token
  const next = tokens[i + 1]
  if (next?.text === '(' && next.kind === 'mark') {
    const name = tokens[i + 2]
    const literal = name?.kind === 'string' || name?.kind === 'template'
    const form = tokens[i - 1]?.text === 'typeof' || isTypePosition(tokens[i - 1]) ? 'type' : 'dynamic'
    found.push({ module: literal ? name.text : '?', form, line })
  } else if (next?.kind === 'string') found.push({ module: next.text, form: 'static', line })
  else if (next?.kind === 'word' || next?.text === '{' || next?.text === '*') {
    const onlyType = next.text === 'type' && tokens[i + 2]?.text !== 'from'
    const module = moduleAfterFrom(tokens, i + 1)
    if (module !== undefined) found.push({ module, form: onlyType ? 'type' : 'static', line })
  }
}

/** `let a: import('m').T` names a type; a call stands after `await`, `=`, `=>`, `(` and the like. */
function isTypePosition(before: Token | undefined): boolean {
  return before?.kind === 'mark' && (before.text === ':' || before.text === '|' || before.text === '<')
}

function addReexport(tokens: readonly Token[], i: number, found: Import[]): void {
  const { line } = tokens[i] as Token
  const first = tokens[i + 1]?.text === 'type' ? tokens[i + 2] : tokens[i + 1]
  if (first?.text !== '{' && first?.text !== '*') return
  const module = moduleAfterFrom(tokens, i + 1)
  if (module !== undefined) found.push({ module, form: 'reexport', line })
}

/** The module of `… from 'module'`, unless the clause ends before. */
function moduleAfterFrom(tokens: readonly Token[], start: number): string | undefined {
  for (let i = start; i < tokens.length; i++) {
    const { kind, text } = tokens[i] as Token
    if (kind === 'word' && text === 'from' && tokens[i + 1]?.kind === 'string')
      return (tokens[i + 1] as Token).text
    if (
      kind === 'word' ? text === 'import' || text === 'export' : kind !== 'mark' || !'{},*'.includes(text)
    ) {
      return undefined
    }
  }
  return undefined
}
