// A text into the parts of a table: those that an earlier view has are taken over, the others are made, some at once.
import { checkSignal, type Context } from '../core/base/context.ts'
import { mapOrdered, turnsByWeight } from '../core/base/pool.ts'
import type { ByteSource } from '../core/base/source.ts'
import type { Id } from '../core/model/id.ts'
import { writePart, type PartFile } from './delimited/part-file.ts'
import { rowSplitter, type RowStyle } from './delimited/row-splitter.ts'
import type { OldTable, TableView, ViewPart } from './view/table-view.ts'

/** What makes the parts of one kind of text. */
export interface PartMaker {
  /** Makes the Parquet file of a part, at `to`, for the types that are known so far. */
  make(file: PartFile, to: string, linesBefore: () => Promise<number>): Promise<MadeRows>
  /** True when a part that was made for these types serves now, after all parts were seen. */
  fits(types: string): boolean
  /** True when a part of the earlier view serves now. */
  fitsOld(old: TableView): boolean
  /** Notes the types of a part that was taken over. */
  note(types: string): void
  /** True when no further rows are wanted. */
  readonly isDone: boolean
}

/** What a maker says of a part. */
export interface MadeRows {
  readonly rows: number
  /** The narrowest types of the part. */
  readonly types: string
  /** The types for which it was written. */
  readonly written: string
  readonly bad: number
}

/** What cutting a text into parts needs. */
export interface PartsJob {
  readonly text: ByteSource
  /** Where the rows begin. */
  readonly start: number
  /** Lines before that. */
  readonly lines: number
  readonly style: RowStyle
  readonly maker: PartMaker
  readonly old: OldTable | undefined
  /** A path that nobody has. */
  readonly newPath: () => string
  /** Takes a Parquet file into the store. */
  readonly keep: (path: string) => Promise<{ readonly id: Id; readonly size: number }>
  readonly width: number
}

/** Parts made, in the order of their rows. */
export interface MadeParts {
  readonly parts: readonly ViewPart[]
  readonly bad: number
  /** How many were made, and not taken over. */
  readonly made: number
}

interface Slot {
  readonly start: number
  readonly bytes: number
  readonly part: ViewPart
  /** `undefined` for a part that was taken over. */
  readonly written: string | undefined
  readonly bad: number
}

/** Makes all parts of a text, and those again that were made for narrower types than the text turned out to have. */
export async function makeParts(job: PartsJob, ctx?: Context): Promise<MadeParts> {
  const { maker, old } = job
  const slots: Slot[] = []
  const turn = turnsByWeight(mostTextAtOnce)
  const make = (file: PartFile): Promise<Slot> => turn(file.bytes, () => makeSlot(job, file))
  const work = (cut: Cut): Promise<Slot> => ('slot' in cut ? Promise.resolve(cut.slot) : make(cut.file))
  for await (const slot of mapOrdered(cuts(job, ctx), job.width, work)) {
    slots.push(slot)
    ctx?.onProgress?.({ task: 'parse', unit: 'bytes', done: slot.start + slot.bytes, total: job.text.size })
  }
  const oldFits = old !== undefined && maker.fitsOld(old.view)
  const stale = (slot: Slot): boolean => (slot.written === undefined ? !oldFits : !maker.fits(slot.written))
  const again = async (slot: Slot): Promise<Slot> => {
    if (!stale(slot)) return slot
    const { start, bytes } = slot
    const splitter = rowSplitter(job.style)
    const place = { text: job.text, splitter, start, path: job.newPath(), end: start + bytes }
    return make(await writePart(place, ctx))
  }
  const settled: Slot[] = []
  let made = 0
  for await (const slot of mapOrdered(slots, job.width, again)) {
    settled.push(slot)
    if (slot.written !== undefined) made++
  }
  return { parts: settled.map(({ part }) => part), bad: settled.reduce((n, { bad }) => n + bad, 0), made }
}

/** Text that is made into parts at once, in bytes: long parts take turns, and memory does not grow with two of them. */
const mostTextAtOnce = 40 * 1024 * 1024

type Cut = { readonly slot: Slot } | { readonly file: PartFile }

/** The parts in order: each begins where the one before ends, so a row more moves no cut but those around it. */
async function* cuts(job: PartsJob, ctx?: Context): AsyncGenerator<Cut> {
  const { text, maker, old } = job
  const splitter = rowSplitter(job.style)
  const moved = movedParts(job)
  const byText = new Map((old?.view.parts ?? []).flatMap((part) => (part.text ? [[part.text.id, part]] : [])))
  for (let at = job.start; (at < text.size || at === job.start) && !maker.isDone;) {
    checkSignal(ctx)
    const same = moved.get(at)
    if (same?.text !== undefined && at < text.size) {
      yield { slot: takeOver(job, same, at) }
      at += same.text.bytes
      continue
    }
    const file = await writePart({ text, splitter, start: at, path: job.newPath() }, ctx)
    const known = byText.get(file.id)
    if (known === undefined) yield { file }
    else {
      file.drop()
      yield { slot: takeOver(job, known, at) }
    }
    at += file.bytes
    if (file.bytes === 0) return
  }
}

function takeOver({ maker }: PartsJob, part: ViewPart, start: number): Slot {
  if (part.text !== undefined) maker.note(part.text.types)
  return { start, bytes: part.text?.bytes ?? 0, part, written: undefined, bad: 0 }
}

/** Parts of the earlier view whose text is in this one, unread, by where they begin in it. */
function movedParts({ old, text }: PartsJob): ReadonlyMap<number, ViewPart> {
  const found = new Map<number, ViewPart>()
  const parts = old?.view.parts
  if (old?.moved === undefined || parts === undefined || old.view.head === undefined) return found
  let at = old.view.head
  for (const [i, part] of parts.entries()) {
    const bytes = part.text?.bytes ?? 0
    const to = bytes === 0 ? undefined : old.moved(at, at + bytes)
    // The last part ends with the text and not by the rule: it serves only where the text ends again.
    const isLast = i === parts.length - 1
    if (to !== undefined && isLast === (to + bytes === text.size)) found.set(to, part)
    at += bytes
  }
  return found
}

async function makeSlot(job: PartsJob, file: PartFile): Promise<Slot> {
  const to = job.newPath()
  try {
    const { rows, types, written, bad } = await job.maker.make(file, to, () => linesBefore(job, file.start))
    const { id, size } = await job.keep(to)
    const part: ViewPart = { id, size, rows, text: { id: file.id, bytes: file.bytes, types } }
    return { start: file.start, bytes: file.bytes, part, written, bad }
  } finally {
    file.drop()
  }
}

/** Counted only when an error is to name a line. */
async function linesBefore({ text, start, lines, style }: PartsJob, end: number): Promise<number> {
  let count = lines
  for (let at = start; at < end; at += 1024 * 1024) {
    const block = await text.slice(at, Math.min(end, at + 1024 * 1024))
    for (const c of block) if (c === style.newline) count++
  }
  return count
}
