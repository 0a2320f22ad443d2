// Reads ada/nature, which is built of examples/v1: node examples/code/read.js
import { load } from 'quilt-ts'

const nature = await load('ada/nature@1.0')
try {
  console.log(await nature.keys())
  for await (const row of nature.weather.seattle.rows()) {
    console.log(row.date.toISOString(), row.weather)
    break
  }
  const tables = await nature.filter(async (node) => (await node.type) === 'table')
  for await (const node of tables.weather) console.log(node.handle, await node.rowCount)
  const sunny = "select count(*) as days from this where weather = 'sun'"
  console.log(await nature.weather.seattle.query(sunny))
  console.log((await nature.charts.temperature.info).mime)
} finally {
  await nature.close()
}
