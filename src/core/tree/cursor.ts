// Moves over the nodes of one level of a tree, forward only, from one wanted name to the next.
import { compareText } from '../base/bytes.ts'
import type { Child, InnerNode, TreeNode } from '../codec/objects/tree-node.ts'
import { indexFrom, readChildren, type NodeReader } from './node.ts'

/** A place among the nodes of one level. Begins before the first. */
export interface NodeCursor {
  /** Moves to the node in whose range `name` falls: the first that ends with it or after it, else the last. */
  seek(name: string): Promise<TreeNode>
  /** Moves to the next node; `undefined` when there is none. */
  next(): Promise<TreeNode | undefined>
  /** What the node above says of the node. */
  current(): Child
  /** True when no node of the level follows. */
  atEnd(): boolean
}

interface Frame {
  readonly node: InnerNode
  at: number
}

/** A cursor over the nodes of `level`, which lies below `root`. */
export function nodeCursor(nodes: NodeReader, root: InnerNode, level: number): NodeCursor {
  const frames: Frame[] = [{ node: root, at: 0 }] // the path to the node, itself left out

  /** Goes down from the last frame to `level`, by the child that `choose` says at each. */
  const descend = async (choose: (node: InnerNode) => number): Promise<TreeNode> => {
    for (;;) {
      const { node, at } = frames.at(-1) as Frame
      const child = (await readChildren(nodes, node, at, at + 1))[0] as TreeNode
      if (child.level === level) return child
      const inner = child as InnerNode // levels fall by one, so it is above `level` still
      frames.push({ node: inner, at: choose(inner) })
    }
  }

  return {
    seek: (name) => {
      const choose = (node: InnerNode): number =>
        Math.min(indexFrom(node.children, name), node.children.length - 1)
      while (frames.length > 1 && isBeyond(frames.at(-1) as Frame, name)) frames.pop()
      const frame = frames.at(-1) as Frame
      frame.at = choose(frame.node)
      return descend(choose)
    },
    next: async () => {
      while (frames.length > 1 && isLastOf(frames.at(-1) as Frame)) frames.pop()
      const frame = frames.at(-1) as Frame
      if (isLastOf(frame)) return undefined
      frame.at++
      return descend(() => 0)
    },
    current: () => {
      const { node, at } = frames.at(-1) as Frame
      return node.children[at] as Child
    },
    atEnd: () => frames.every(isLastOf),
  }
}

function isBeyond(frame: Frame, name: string): boolean {
  return compareText((frame.node.children.at(-1) as Child).name, name) < 0
}

function isLastOf(frame: Frame): boolean {
  return frame.at === frame.node.children.length - 1
}
