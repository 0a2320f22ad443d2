#!/usr/bin/env node
// Draws charts/temperature.png from weather/seattle-hourly-normals.csv: a column for each day of the year, a row for each
// hour of the day, blue where it is cold and red where it is warm. Needs Node and nothing else.
import { readFileSync, writeFileSync } from 'node:fs'
import { crc32 as nodeCrc32, deflateSync } from 'node:zlib'

const here = new URL('.', import.meta.url)
const rows = readFileSync(new URL('../weather/seattle-hourly-normals.csv', here), 'utf8').trim().split(/\r?\n/).slice(1)
const scale = { x: 2, y: 10 }
const width = 365 * scale.x
const height = 24 * scale.y
const pixels = Buffer.alloc((width * 3 + 1) * height)

for (const row of rows) {
  const [date, , temperature] = row.split(',')
  const time = new Date(`${date}Z`)
  const day = Math.floor((time - Date.UTC(time.getUTCFullYear(), 0, 1)) / 86_400_000)
  const color = colorOf(Number(temperature))
  for (let y = time.getUTCHours() * scale.y; y < (time.getUTCHours() + 1) * scale.y; y++) {
    for (let x = day * scale.x; x < (day + 1) * scale.x; x++) pixels.set(color, y * (width * 3 + 1) + 1 + x * 3)
  }
}

/** From 2 °C (blue) over white to 26 °C (red). */
function colorOf(temperature) {
  const t = Math.max(-1, Math.min(1, (temperature - 12) / 14))
  const fade = Math.round(255 * (1 - Math.abs(t)))
  return t < 0 ? [fade, fade, 255] : [255, fade, fade]
}

function crc32(bytes) {
  if (nodeCrc32) return nodeCrc32(bytes)
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}

function chunk(type, body) {
  const typed = Buffer.concat([Buffer.from(type), body])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(body.length, 0)
  frame.writeUInt32BE(crc32(typed), 4)
  return Buffer.concat([frame.subarray(0, 4), typed, frame.subarray(4)])
}

const header = Buffer.alloc(13)
header.writeUInt32BE(width, 0)
header.writeUInt32BE(height, 4)
header.set([8, 2, 0, 0, 0], 8)
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const body = [chunk('IHDR', header), chunk('IDAT', deflateSync(pixels, { level: 9 })), chunk('IEND', Buffer.alloc(0))]
writeFileSync(new URL('temperature.png', here), Buffer.concat([signature, ...body]))
