import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: 'tests/support/global-setup.ts',
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/surroundings/**'],
    // Most of the time is spent waiting, for processes, databases and deadlines.
    maxWorkers: 3,
    // Nothing in src/lib has state of its module (tests/unit/house.test.ts), so files can share a process.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    coverage: {
      provider: 'v8',
      include: ['src/lib/**/*.ts'],
      reporter: [['text', { skipFull: true }], 'text-summary', 'json'],
      thresholds: {
        'src/lib/*.ts': { 100: true },
        'src/lib/{analytics,auth,buffer,catalogue,classify,http,links,operations,privacy,sample,selection,stats,tracking}/**':
          { 100: true },
        'src/lib/store/*.ts': { 100: true },
        // Half of it runs only as root or only not, on another system, or in processes that the tests kill.
        'src/lib/store/embedded/**': { statements: 75, branches: 60 },
      },
    },
  },
})
