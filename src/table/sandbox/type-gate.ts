// The part of the gate that judges the types which a CAST names.

/** An object of the tree that DuckDB's parser made. */
export type Node = Readonly<Record<string, unknown>>

/** What a CAST may lead to, beside lists, structs and the like of these. */
const castTypes = new Set(
  `boolean tinyint smallint integer bigint hugeint utinyint usmallint uinteger ubigint uhugeint float double decimal
  varchar blob bit union date time timestamp timestamp_s timestamp_ms timestamp_ns interval uuid json list struct map array
  timestamp_tz time_tz bignum`.split(/\s+/),
)
const typeInfos = new Set(
  ['DECIMAL', 'LIST', 'STRUCT', 'ARRAY', 'UNBOUND'].map((name) => `${name}_TYPE_INFO`),
)

/** Why a CAST may not lead to a type: a name that is not built in may be anybody's. */
export function typeRefusals(node: Node): readonly string[] {
  const found: string[] = []
  const open: unknown[] = [node]
  for (let type = open.pop(); type !== undefined; type = open.pop()) {
    if (Array.isArray(type)) open.push(...(type as unknown[]))
    if (!isNode(type)) continue
    const { id, type: info, alias } = type
    const name = info === 'UNBOUND_TYPE_INFO' ? type['name'] : (alias ?? id)
    if (name !== undefined && name !== 'UNBOUND' && !castTypes.has(castName(textOf(name))))
      found.push(`there is no type "${textOf(name).toLowerCase()}" here`)
    if (info !== undefined && !typeInfos.has(textOf(info)))
      found.push('a type of a kind that is not known here')
    if (['schema', 'catalog'].some((key) => (type[key] ?? '') !== ''))
      found.push('a type is named with a schema or a catalog')
    for (const [key, child] of Object.entries(type)) if (key !== 'user_type_modifiers') open.push(child)
  }
  return found
}

function castName(name: string): string {
  return name.toLowerCase().replace(/ with time zone$/, '_tz')
}

/** True for an object that is no list. */
export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A text, or an empty one for what is none: a name that nothing has. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
