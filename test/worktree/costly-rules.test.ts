// Rules that would take minutes to try are refused; the costliest that are taken are soon done with.
import { expect, test } from 'vitest'
import { build } from '../../src/package/build.ts'
import { costlyRule, ignoreOf } from '../../src/worktree/ignore.ts'
import { disks } from '../support/two-disks.ts'

test.each([
  ['**/a/**/b/**', undefined],
  ['# **/ **/ **/\n!**/x/**/y', '# **/ **/ **/'],
  ['ok\n**/a/**/b/**/c\n', '**/a/**/b/**/c'],
])('%j: the costly rule is %j', (text, rule) => {
  expect(costlyRule(text)).toBe(rule)
})

test('a path of 500 names is tried within a second', () => {
  let ignore = ignoreOf().adding('**/a/**/a/z\n*a*a*a*a*a*b\n')
  for (let i = 0; i < 500; i++) ignore = ignore.below('a')
  const started = performance.now()
  expect(ignore.ignores('a'.repeat(255), false)).toBe(false)
  expect(performance.now() - started).toBeLessThan(5_000) // 0.3 s on a machine that does nothing else
})

test.each(disks)('a build names the file that holds it, on %s', async (_name, makeDisk) => {
  const disk = makeDisk()
  disk.write({ 'src/a.txt': 'a', 'src/d/.quiltignore': '**/a/**/a/**/a/**/z\n' })
  const ada = await disk.session('ada')
  await expect(build(ada, { handle: 'ada/wine', path: 'src' })).rejects.toMatchObject({
    code: 'INVALID',
    message: expect.stringContaining('src/d/.quiltignore" has a rule with more than two "**/"') as string,
  })
})
