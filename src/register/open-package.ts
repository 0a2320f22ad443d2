// What a package's module calls when it runs: opens the package for as long as the process has something to do.
import { load } from '../library/load.ts'
import { nodeAt, placeOfNode } from '../package/load/node.ts'
import type { Loaded, LoadedNode } from '../package/load/node-types.ts'
import { joinPath } from '../core/model/path.ts'

/** Opens a package, and closes it when the process has nothing more to do. */
export async function openPackage(handle: string): Promise<Loaded> {
  const tree = await load(handle)
  process.once('beforeExit', () => void tree.close())
  return tree
}

/** A child by its real name, also where that is a word of every node. */
export function childNode(node: LoadedNode, name: string): LoadedNode {
  const place = placeOfNode(node)
  if (place === undefined) throw new TypeError('this is no node of a package')
  return nodeAt(place.tree, joinPath(place.path, name))
}
