// The module hooks, which Node runs in a thread of their own: a package's module is text that loads it, with a name
// for each child. What names there are is read here; data is read where the module runs.
import { isQuiltError } from '../core/base/error.ts'
import { load as loadPackage } from '../library/load.ts'
import { moduleText } from './module-text.ts'

const scheme = 'quilt:'

/** As Node's hook takes and gives them. */
interface Resolved {
  readonly url: string
  readonly format?: string | null | undefined
  readonly shortCircuit?: boolean
}

/** As Node's hook gives it. */
interface Source {
  readonly format: string
  readonly source?: unknown
  readonly shortCircuit?: boolean
}

/** A handle as a module's address: `quilt:ada/wine@1.0`. Node calls this for every import. */
export async function resolve(
  specifier: string,
  context: unknown,
  next: (specifier: string, context: unknown) => Promise<Resolved>,
): Promise<Resolved> {
  if (!specifier.startsWith(scheme)) return next(specifier, context)
  const handle = encodeURIComponent(specifier.slice(scheme.length))
    .replaceAll('%2F', '/')
    .replaceAll('%40', '@')
  return { url: `${scheme}${handle}`, format: 'module', shortCircuit: true }
}

/** A package's module. Node calls this for every module. */
export async function load(
  url: string,
  context: unknown,
  next: (url: string, context: unknown) => Promise<Source>,
): Promise<Source> {
  if (!url.startsWith(scheme)) return next(url, context)
  const handle = decodeURIComponent(url.slice(scheme.length))
  const tree = await loadPackage(handle).catch((error: unknown) => {
    if (isQuiltError(error)) error.stack = `${error.name}: ${error.message}` // the way here says nothing to a user
    throw error
  })
  try {
    const opener = new URL('./open-package.js', import.meta.url).href
    const names = (await tree.type) === 'group' ? await tree.names() : []
    return { format: 'module', source: moduleText(handle, opener, names), shortCircuit: true }
  } finally {
    await tree.close()
  }
}
