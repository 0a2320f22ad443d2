// What the documents must name: commands, flags, error codes, configuration keys. Pure.

/** A command as oclif's manifest says it. */
export interface ManifestCommand {
  readonly id: string
  readonly hidden?: boolean
  readonly flags: Readonly<Record<string, { readonly char?: string; readonly hidden?: boolean }>>
}

/** Everything that must be found in the documents. */
export interface Subjects {
  readonly commands: readonly ManifestCommand[]
  readonly codes: readonly string[]
  readonly keys: readonly string[]
}

/** What no document names, a sentence each. */
export function undocumented(subjects: Subjects, documents: readonly string[]): readonly string[] {
  const text = documents.join('\n')
  const missing: string[] = []
  for (const command of subjects.commands) {
    if (command.hidden === true) continue
    const name = command.id.replaceAll(':', ' ')
    const section = sectionOf(name, documents)
    if (section === undefined) missing.push(`the command "${name}" has no section "quilt ${name}"`)
    for (const [flag, { hidden }] of Object.entries(command.flags)) {
      if (hidden === true || section === undefined || new RegExp(`--${flag}(?![\\w-])`).test(section))
        continue
      missing.push(`the flag --${flag} of "${name}" is not in its section`)
    }
  }
  for (const code of subjects.codes)
    if (!text.includes(`\`${code}\``)) missing.push(`the error code ${code} is nowhere`)
  for (const key of subjects.keys)
    if (!text.includes(`\`${key}\``)) missing.push(`the configuration key ${key} is nowhere`)
  return missing
}

/** The text below the heading "quilt NAME", up to the next heading. */
function sectionOf(name: string, documents: readonly string[]): string | undefined {
  for (const document of documents) {
    const parts = document.split(/^#+ /m)
    const found = parts.find((part) => /^`?quilt ([^`\n]*)`?/.exec(part)?.[1]?.trim() === name)
    if (found !== undefined) return found
  }
  return undefined
}
