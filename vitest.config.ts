import { defineConfig } from 'vitest/config'

// "quilt-source" makes the package's own `#hash` and `#zstd` mean the sources, not the build.
const conditions = ['quilt-source', 'node', 'import', 'module', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: { include: ['test/**/*.test.ts'], maxWorkers: '100%', testTimeout: 120_000, hookTimeout: 60_000 },
})
