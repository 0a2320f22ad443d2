// Changes a package in memory and builds it: node examples/code/edit.js
import { build, load } from 'quilt-ts'

const nature = await load('ada/nature@1.0')
try {
  const windy = await nature.weather.seattle.query('select date, wind from this where wind > 8 order by date')
  await nature.set('weather/windy.parquet', windy, { meta: { of: 'seattle.csv' } })
  await nature.set('notes.txt', { text: 'Seattle is windy in winter.\n' })
  await nature.rename('airports.csv', 'airfields.csv')
  await nature.remove('charts')
  await nature.weather.setMeta({ station: 'SeaTac' })
  console.log(await nature.weather.windy.rowCount, await nature.keys())

  const built = await build('ada/windy', nature, { message: 'windy days' })
  console.log(built.package, built.files, built.tables)
} finally {
  await nature.close()
}
