// What the other side lacks of some objects. Trees were compared before, so most of them are new there: to ask after a
// few small ones in indexes far away costs more than to send one that is there already once more.
import type { Context } from '../../base/context.ts'
import type { Id, Kind } from '../../model/id.ts'
import type { ObjectWriter } from '../../store/object-store.ts'

/** So many objects, of so many bytes together, are sent without asking, where asking takes reading. */
const unaskedObjects = 32
const unaskedBytes = 64 * 1024
/** What a tree or commit counts, whose size is not known. */
const usualTree = 2048

/** Those of the objects that are to be sent. */
export async function missingThere(
  out: ObjectWriter,
  objects: ReadonlyMap<Id, { readonly kind: Kind; readonly size?: number }>,
  ctx?: Context,
): Promise<readonly Id[]> {
  const ids = [...objects.keys()]
  const known = out.missingAsKnown?.(ids)
  if (known === undefined) return out.missing(ids, ctx)
  const { absent, sure } = known
  if (sure) return absent
  const bytes = absent.reduce((sum, id) => sum + (objects.get(id)?.size ?? usualTree), 0)
  if (absent.length <= unaskedObjects && bytes <= unaskedBytes) return absent
  return out.missing(absent, ctx)
}
