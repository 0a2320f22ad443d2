// The text of a package's module: the package as its default export, each child by its name and its alias.
import type { NodeName } from '../package/load/node-types.ts'

/** Names that a module cannot export for a child: its default is the package, and `then` would make it a promise. */
const taken: ReadonlySet<string> = new Set(['default', 'then'])

/** A module that opens `handle` with the functions of `opener`. Every name is a text in it, so nothing of it runs. */
export function moduleText(handle: string, opener: string, names: readonly NodeName[]): string {
  const lines = [
    `import { openPackage, childNode } from ${JSON.stringify(opener)}`,
    `const package_ = await openPackage(${JSON.stringify(handle)})`,
    'export default package_',
  ]
  names.forEach(({ name, alias }, at) => {
    const exported = new Set([name, alias].filter((one) => one !== undefined && !taken.has(one)))
    if (exported.size === 0) return
    const local = `child${String(at)}`
    lines.push(`const ${local} = childNode(package_, ${JSON.stringify(name)})`)
    for (const one of exported) lines.push(`export { ${local} as ${JSON.stringify(one)} }`)
  })
  return `${lines.join('\n')}\n`
}
