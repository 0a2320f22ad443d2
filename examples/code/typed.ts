// Typed by quilt.d.ts, which `quilt types` writes: npx tsc --noEmit typed.ts quilt.d.ts
import { load } from 'quilt-ts'
import nature, { weather, 'birdstrikes.csv' as strikes } from 'quilt:ada/nature@1.0'

let warmest = -Infinity
for await (const { date, temp_max } of weather.seattle.rows()) {
  const day: Date = date
  if (temp_max > warmest) warmest = temp_max
  void day
}
const columns: readonly { readonly name: string }[] = await strikes.columns
const temperature = await nature.charts.temperature.bytes()
const again = await load('ada/nature@1.0')
const seattle = await again.get('weather')
console.log(warmest, columns.length, temperature.length, await seattle.seattle.rowCount)
await again.close()
