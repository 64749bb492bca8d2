import { defineConfig } from 'vitest/config'
import { patience } from './tests/support/patience.ts'

/** What a site runs in elsewhere, one case a file, in its own time. */
export default defineConfig({
  test: {
    globalSetup: 'tests/support/global-setup.ts',
    include: ['tests/surroundings/**/*.test.ts'],
    maxWorkers: 1,
    testTimeout: 900_000,
    hookTimeout: 900_000,
    expect: { poll: { timeout: patience } },
  },
})
