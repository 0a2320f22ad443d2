import { defineConfig } from 'vitest/config'

// "quilt-source" makes the package's own `#hash` and `#zstd` mean the sources, not the build.
const conditions = ['quilt-source', 'node', 'import', 'module', 'default']
// What Node itself imports: "module" is for bundlers, and AWS's modules of that sort do not load in Node.
const externalConditions = conditions.filter((condition) => condition !== 'module')

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions: externalConditions, externalConditions } },
  test: { include: ['test/**/*.test.ts'], maxWorkers: '100%', testTimeout: 120_000, hookTimeout: 60_000 },
})
