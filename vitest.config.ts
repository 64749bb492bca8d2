import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: 'tests/support/global-setup.ts',
    include: ['tests/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['src/lib/**/*.ts'],
      reporter: [['text', { skipFull: true }], 'text-summary', 'json'],
      thresholds: {
        // A dozen places are not reached yet: the rule for them is 100 too.
        'src/lib/*.ts': { statements: 95, branches: 95, functions: 90, lines: 95 },
        'src/lib/{analytics,auth,buffer,catalogue,classify,http,links,operations,privacy,sample,selection,stats,tracking}/**':
          { statements: 99, branches: 99, functions: 99, lines: 99 },
        'src/lib/store/*.ts': { statements: 99, branches: 99, functions: 98, lines: 99 },
        // Half of it runs only as root or only not, on another system, or in processes that the tests kill.
        'src/lib/store/embedded/**': { statements: 75, branches: 60 },
      },
    },
  },
})
