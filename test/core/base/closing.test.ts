import { expect, test } from 'vitest'
import { closeAll, closingAfter } from '../../../src/core/base/closing.ts'

const fails = (text: string) => () => Promise.reject(new Error(text))

test('all are closed in order, also behind one that fails, and the first failure is told', async () => {
  const closed: string[] = []
  const note = (name: string) => () => void closed.push(name)
  const all = [
    note('a'),
    fails('b'),
    note('c'),
    () => {
      throw new Error('d')
    },
    note('e'),
  ]
  await expect(closeAll(all)).rejects.toThrow('b')
  expect(closed).toEqual(['a', 'c', 'e'])
  await closeAll([note('f')])
  expect(closed.at(-1)).toBe('f')
})

test('what fails is told, and a failure to close only where nothing else failed', async () => {
  let closed = 0
  const close = () => void closed++
  expect(await closingAfter(() => 1, close)).toBe(1)
  await expect(closingAfter(fails('act'), close)).rejects.toThrow('act')
  expect(closed).toBe(2)
  await expect(closingAfter(fails('act'), fails('close'))).rejects.toThrow('act')
  await expect(
    closingAfter(
      () => {
        throw new Error('act')
      },
      () => {
        throw new Error('close')
      },
    ),
  ).rejects.toThrow('act')
  await expect(closingAfter(() => 1, fails('close'))).rejects.toThrow('close')
})
