// One value of each kind of object, every optional field present somewhere. Their bytes lie beside, as NAME.hex.
import { compareText, utf8 } from '../../src/core/base/bytes.ts'
import { decodeCommit, encodeCommit } from '../../src/core/codec/objects/commit.ts'
import { encodePackable, packJson } from '../../src/core/codec/msgpack.ts'
import { decodeRecipe, encodeRecipe, type RecipeNode } from '../../src/core/codec/objects/recipe.ts'
import type { TreeEntry } from '../../src/core/codec/objects/tree-entry.ts'
import { decodeTreeNode, encodeTreeNode, type TreeNode } from '../../src/core/codec/objects/tree-node.ts'
import type { Commit } from '../../src/core/model/commit.ts'
import { recipeName, viewName } from '../../src/core/model/derived.ts'
import type { Id } from '../../src/core/model/id.ts'
import { hashBytes } from '#hash'

/** A value, its bytes, and the way back. */
export interface Golden {
  readonly name: string
  readonly value: unknown
  readonly encode: () => Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
}

/** The id of a text: ids that mean nothing but differ. */
export function idOf(text: string): Id {
  return hashBytes(utf8(text))
}

const reading = {
  parser: 'csv',
  options: { sep: ';', header: 2, types: { a: 'int64' }, na: ['', 'NA', null] },
}

const packageTree: TreeNode = {
  level: 0,
  entries: [
    { type: 'group', name: 'empty', id: idOf('empty') },
    { type: 'file', name: 'huge.bin', id: idOf('huge'), size: Number.MAX_SAFE_INTEGER },
    {
      type: 'group',
      name: 'images',
      id: idOf('images'),
      meta: { license: 'CC0', years: [2019, 2020.5, -1] },
    },
    { type: 'link', name: 'link', target: 'images/a.png' },
    { type: 'link', name: 'link-meta', target: './images//b.png', meta: { why: 'alias' } },
    { type: 'file', name: 'run.sh', id: idOf('run'), size: 0, executable: true },
    { type: 'file', name: 'small.txt', id: idOf('small'), size: 127 },
    {
      type: 'file',
      name: 'table',
      id: idOf('table'),
      size: 2 ** 32,
      executable: true,
      meta: { constructor: true, deep: { a: [{ b: null }] }, big: 2 ** 40, negative: -(2 ** 35), ratio: 0.1 },
      reading,
      source: 'S06_shift_-1.csv',
    },
    { type: 'file', name: 'ünïcode', id: idOf('unicode'), size: 65536 },
    { type: 'file', name: '\uffee', id: idOf('high'), size: 128 },
    { type: 'file', name: '\u{1f600}', id: idOf('astral'), size: 256 },
  ],
  meta: { title: 'Wine', description: 'Bottles & grapes', n: 3 },
}

const readingId = hashBytes(encodePackable('QV1\n', ['csv', '1.0.0', packJson(reading.options)]))

const derivedEntries: readonly TreeEntry[] = [
  { type: 'recipe', name: recipeName(idOf('huge')), id: idOf('recipe'), size: 2 ** 33 },
  {
    type: 'group',
    name: viewName(idOf('table'), readingId),
    id: idOf('view'),
    meta: { parser: 'csv', version: '1.0.0', options: reading.options },
  },
]

const derivedTree: TreeNode = {
  level: 0,
  entries: derivedEntries.toSorted((a, b) => compareText(a.name, b.name)),
}

const innerNode: TreeNode = {
  level: 2,
  children: [
    { name: 'alpha', id: idOf('alpha'), count: 127 },
    { name: 'beta', id: idOf('beta'), count: 70_000 },
    { name: 'émile', id: idOf('emile'), count: 2 ** 33 },
  ],
  meta: { title: 'Wide' },
}

const author = {
  name: 'Ada Lovelace',
  email: 'ada@example.org',
  time: new Date(Date.UTC(2024, 1, 29, 12, 30, 15, 250)),
}

const commit: Commit = {
  tree: idOf('tree'),
  derived: idOf('derived'),
  parents: [idOf('first'), idOf('second')],
  author,
  message: 'Add the 2024 harvest\n\nWith 3 new columns.\n',
  sources: [
    { path: 'wine/red', handle: 'ada/red@1.0', commit: idOf('red') },
    { path: '', handle: 'lab:bob/base', commit: idOf('base') },
  ],
}

const firstCommit: Commit = {
  tree: idOf('tree'),
  parents: [],
  author: { name: '', email: '', time: new Date(0) },
  message: '',
}

const chunks: RecipeNode = {
  level: 0,
  size: 16 * 1024 * 1024 + 65536 + 1,
  parts: [
    { id: idOf('chunk 1'), size: 16 * 1024 * 1024 },
    { id: idOf('chunk 2'), size: 65536 },
    { id: idOf('chunk 3'), size: 1 },
  ],
}

const recipes: RecipeNode = {
  level: 1,
  size: 2 ** 34 + 100,
  parts: [
    { id: idOf('recipe 1'), size: 2 ** 34 },
    { id: idOf('recipe 2'), size: 100 },
  ],
}

/** All of them. */
export const goldens: readonly Golden[] = [
  tree('tree-package', packageTree),
  tree('tree-derived', derivedTree),
  tree('tree-inner', innerNode),
  tree('tree-empty', { level: 0, entries: [] }),
  {
    name: 'commit',
    value: commit,
    encode: () => encodeCommit(commit),
    decode: (bytes) => decodeCommit(bytes),
  },
  {
    name: 'commit-first',
    value: firstCommit,
    encode: () => encodeCommit(firstCommit),
    decode: (bytes) => decodeCommit(bytes),
  },
  recipe('recipe', chunks),
  recipe('recipe-inner', recipes),
]

function tree(name: string, value: TreeNode): Golden {
  return { name, value, encode: () => encodeTreeNode(value), decode: (bytes) => decodeTreeNode(bytes) }
}

function recipe(name: string, value: RecipeNode): Golden {
  return { name, value, encode: () => encodeRecipe(value), decode: (bytes) => decodeRecipe(bytes) }
}
