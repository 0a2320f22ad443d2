import { expect, test, vi } from 'vitest'
import { progressBar, progressLine } from '../../src/cli/progress.ts'
import { recordingStreams } from '../support/recording-streams.ts'

test('says how far, how fast and how long', () => {
  const line = progressLine({ task: 'hash', unit: 'bytes', done: 5e8, total: 2e9 }, 2000, 100)
  expect(line).toMatch(/^hashing █+░+ {2}25 % {2}500 MB of 2\.0 GB {2}250 MB\/s {2}6 s left$/)
})

test('says what it knows while the total is unknown', () => {
  expect(progressLine({ task: 'scan', unit: 'objects', done: 1234 }, 1000, 100)).toBe(
    'scanning  1,234 objects  1,234/s',
  )
})

test('never grows wider than the terminal, and survives zero and overshoot', () => {
  for (const columns of [0, 10, 20, 40, 80, 200]) {
    for (const [done, total] of [
      [0, 0],
      [0, 10],
      [20, 10],
    ] as const) {
      const line = progressLine({ task: 'checkout', unit: 'objects', done, total }, 0, columns)
      expect(line.length).toBeLessThanOrEqual(Math.max(0, columns - 1))
    }
  }
})

test('draws nothing within the first second', async () => {
  const streams = recordingStreams({ tty: true })
  let time = 0
  const bar = progressBar(streams.stderr, () => time)
  for (; time < 900; time += 10) bar.show({ task: 'scan', unit: 'objects', done: time })
  await new Promise((resolve) => setTimeout(resolve, 20))
  bar.stop()
  expect(streams.printed.stderr).toBe('')
})

test('draws after a second, and clears its line at the end', async () => {
  const streams = recordingStreams({ tty: true })
  let time = 0
  const bar = progressBar(streams.stderr, () => time)
  await vi.waitFor(() => {
    time += 300
    bar.show({ task: 'send', unit: 'bytes', done: time, total: 1e6 })
    expect(streams.printed.stderr).toContain('sending')
  })
  bar.stop()
  const after = streams.printed.stderr.length
  time += 5000
  bar.show({ task: 'send', unit: 'bytes', done: 1, total: 2 })
  expect(streams.printed.stderr.length).toBe(after)
})

test('leaves its line to other text, and nothing there while it is not drawn', async () => {
  const streams = recordingStreams({ tty: true })
  let time = 0
  const bar = progressBar(streams.stderr, () => time)
  bar.clear()
  expect(streams.printed.stderr).toBe('')
  await vi.waitFor(() => {
    time += 300
    bar.show({ task: 'send', unit: 'bytes', done: time, total: 1e6 })
    expect(streams.printed.stderr).toContain('sending')
  })
  bar.clear()
  expect(streams.printed.stderr.endsWith('\r\u001b[2K')).toBe(true)
  bar.stop()
})
