// Which store is used, and when one is made.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { person } from '../support/built-cli.ts'
import { tempDir } from '../support/temp-dir.ts'

test('who only looks leaves no store behind, wherever --store leads', () => {
  const folder = tempDir()
  const she = person(join(folder, 'ada'), folder)
  mkdirSync(join(folder, 'data'))
  writeFileSync(join(folder, 'data', 'a.txt'), 'a')
  for (const store of ['data', 'nowhere']) {
    for (const words of [['ls'], ['verify'], ['search', 'a', '--local'], ['inspect', 'ada/p']])
      expect(she.run(...words, '--store', store).status).toBeLessThan(4)
  }
  expect(readdirSync(join(folder, 'data'))).toEqual(['a.txt'])
  expect(existsSync(join(folder, 'nowhere'))).toBe(false)
  expect(she.run('build', 'ada/p', 'data', '--store', 'nowhere').status).toBe(0)
  expect(existsSync(join(folder, 'nowhere', 'format'))).toBe(true)
})

test('a store without a name is refused: it would be the folder that one works in', () => {
  const folder = tempDir()
  const she = person(join(folder, 'ada'), folder)
  const { status, stderr } = she.run('ls', '--store', '')
  expect([status, stderr]).toEqual([2, expect.stringContaining('the store has an empty name')])
  expect(readdirSync(folder)).toEqual([])
})
