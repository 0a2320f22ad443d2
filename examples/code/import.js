// A package as a module: node --import quilt-ts/register examples/code/import.js
import nature, { weather, 'birdstrikes.csv' as strikes } from 'quilt:ada/nature@1.0'

console.log(nature.handle, await nature.keys())
console.log(await weather.seattle.rowCount, await strikes.rowCount)
