// Writes docs/cli.md from oclif.manifest.json: every command, argument and flag, as the commands say them themselves.
// `node scripts/cli-docs.js --check` only says whether it is current.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const home = dirname(dirname(fileURLToPath(import.meta.url)))
const { commands } = JSON.parse(readFileSync(join(home, 'oclif.manifest.json'), 'utf8'))
const bin = 'quilt'

const isGlobal = (flag) => flag.helpGroup === 'GLOBAL'
const fill = (text) => text.replaceAll(/<%= *config\.bin *%>/g, bin).replaceAll(/<%= *command\.id *%>/g, '')

function usage(command) {
  const args = Object.values(command.args).map((arg) =>
    (arg.required ? arg.name : `[${arg.name}]`).toUpperCase(),
  )
  const many = command.strict === false && args.length > 0 ? ['...'] : []
  return [bin, command.id.replaceAll(':', ' '), ...args, ...many].join(' ')
}

function flagRow(flag) {
  const value = flag.type === 'option' ? ` ${flag.helpValue ?? flag.name.toUpperCase()}` : ''
  const char = flag.char === undefined ? '' : `-${flag.char}, `
  const names = `${char}--${flag.name}${value}${flag.allowNo ? `, --no-${flag.name}` : ''}`
  const notes = [flag.summary ?? flag.description ?? '']
  if (flag.options !== undefined) notes.push(`one of: ${flag.options.join(', ')}`)
  if (typeof flag.default === 'string' || typeof flag.default === 'number')
    notes.push(`default: ${flag.default}`)
  return `| \`${names}\` | ${notes.filter(Boolean).join('; ').replaceAll('|', '\\|')} |`
}

function section(command) {
  const lines = [
    `## quilt ${command.id.replaceAll(':', ' ')}`,
    '',
    command.summary ?? command.description ?? '',
    '',
  ]
  if (command.summary !== undefined && command.description !== undefined)
    lines.push(fill(command.description), '')
  lines.push('```text', usage(command), '```', '')
  const rows = [
    ...Object.values(command.args).map(
      (arg) => `| \`${arg.name.toUpperCase()}\` | ${arg.description ?? ''} |`,
    ),
    ...Object.values(command.flags)
      .filter((flag) => !flag.hidden && !isGlobal(flag))
      .map(flagRow),
  ]
  if (rows.length > 0) lines.push('| | |', '|---|---|', ...rows, '')
  const shared = Object.values(command.flags)
    .filter(isGlobal)
    .map((flag) => `\`--${flag.name}\``)
  if (shared.length > 0) lines.push(`Also ${shared.join(', ')}: see [all commands](#all-commands).`, '')
  const examples = [command.examples ?? []]
    .flat()
    .map((text) => (typeof text === 'string' ? text : text.command))
  if (examples.length > 0) lines.push('```text', ...examples.map((text) => fill(text).trim()), '```', '')
  return lines
}

const shown = Object.values(commands)
  .filter((command) => !command.hidden)
  .sort((a, b) => (a.id < b.id ? -1 : 1))
const globals = Object.values(shown[0].flags).filter(isGlobal)
const text = [
  '# The commands',
  '',
  'Made from the commands themselves by `npm run docs`; do not edit. Exit statuses are in [errors.md](errors.md).',
  '',
  '## All commands',
  '',
  'Data goes to stdout, everything else to stderr. `quilt --version` names quilt, Node and the platform; `quilt help` and',
  '`quilt COMMAND --help` explain; `quilt completion` prints what completes commands, packages and revisions in bash, fish,',
  'zsh and PowerShell. Colours and bars are left out where no terminal is, with `NO_COLOR` or `CI` set, or `TERM=dumb`;',
  '`FORCE_COLOR` asks for colours all the same.',
  '',
  '| | |',
  '|---|---|',
  ...globals.map(flagRow),
  '',
  ...shown.flatMap(section),
]
const file = join(home, 'docs', 'cli.md')
const markdown = `${text.join('\n').trimEnd()}\n`
if (process.argv.includes('--check')) {
  let now = ''
  try {
    now = readFileSync(file, 'utf8')
  } catch {}
  if (now !== markdown) {
    console.error('docs/cli.md is not current: run npm run docs')
    process.exitCode = 1
  }
} else writeFileSync(file, markdown)
