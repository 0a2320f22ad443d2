import { describe, expect, test } from 'vitest'
import { groupMemory, passingMemory } from '../../../src/core/base/read-memory.ts'

describe('memory for reads', () => {
  test('that pass: what is done is used again, and what is taken is nobody else’s', () => {
    const memory = passingMemory()
    const [first, second] = [memory.take(1000), memory.take(700_000)]
    expect([first.length, second.length]).toEqual([1000, 700_000])
    expect(first.buffer).not.toBe(second.buffer)
    memory.done(first)
    const third = memory.take(2000)
    expect(third.length).toBe(2000)
    expect(third.buffer).toBe(first.buffer)
    expect(memory.take(3).buffer).not.toBe(third.buffer)
  })

  test('of a group: all of it stays until the group has been used', () => {
    const memory = groupMemory()
    const taken = [memory.take(10), memory.take(600_000), memory.take(10)]
    for (const one of taken) memory.done(one)
    expect(new Set(taken.map(({ buffer }) => buffer)).size).toBe(3)
    memory.reuse()
    const again = [memory.take(524_288), memory.take(1_000_000), memory.take(2_000_000)]
    expect(again[0]?.buffer).toBe(taken[0]?.buffer)
    expect(again[1]?.buffer).toBe(taken[1]?.buffer)
    expect(again[2]?.buffer).not.toBe(taken[2]?.buffer) // too short: replaced
    expect(again.map(({ length }) => length)).toEqual([524_288, 1_000_000, 2_000_000])
  })
})
