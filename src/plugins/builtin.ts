// The one list of built-in plugins. Each is imported when its scheme, its format or its extension is first used.
import type { Backend, BackendPlugin, ParserListing, ParserPlugin } from './api.ts'
import type { FileBackendOptions } from './backends/file.ts'

/** Built-in backends by scheme. */
export const builtinBackends: Readonly<Record<string, () => Promise<{ readonly default: BackendPlugin }>>> = {
  file: () => import('./backends/file.ts'),
  http: () => import('./backends/http.ts'),
  https: () => import('./backends/http.ts'),
  s3: () => import('./backends/s3.ts'),
}

type Loader = () => Promise<{ readonly default: ParserPlugin }>
const delimited: Loader = () => import('./parsers/delimited.ts')
const texts: Loader = () => import('./parsers/text.ts')
const packed = (...names: readonly string[]): readonly string[] =>
  names.flatMap((name) => [name, `${name}.gz`, `${name}.zst`])

/** Built-in parsers: what they are called, and what the names of their files end in. */
export const builtinParsers: readonly ParserListing[] = [
  listing('csv', packed('.csv'), delimited),
  listing('tsv', packed('.tsv'), delimited),
  listing('ssv', packed('.ssv'), delimited),
  listing('json', packed('.json', '.jsonl', '.ndjson'), () => import('./parsers/json.ts')),
  listing('parquet', ['.parquet', '.pq'], () => import('./parsers/parquet.ts')),
  listing('excel', ['.xlsx', '.xls'], () => import('./parsers/excel.ts')),
  listing(
    'image',
    ['.png', '.jpg', '.jpeg', '.gif', '.webp', '.tif', '.tiff', '.avif', '.svg'],
    () => import('./parsers/image.ts'),
  ),
  listing('text', ['.txt'], texts),
  listing('markdown', ['.md', '.markdown'], texts),
]

function listing(name: string, extensions: readonly string[], load: Loader): ParserListing {
  return {
    name,
    extensions,
    load: async () => {
      const parser = (await load()).default.parsers.find((one) => one.name === name)
      if (parser === undefined) throw new TypeError(`the plugin of ${name} brings no such parser`)
      return parser
    },
  }
}

/** The file backend on a folder, for stores: with a file system of the caller's, or read-only. */
export async function folderBackend(root: string, options: FileBackendOptions): Promise<Backend> {
  const { fileBackend } = await import('./backends/file.ts')
  return fileBackend(root, options)
}
