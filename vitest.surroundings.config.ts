import { defineConfig } from 'vitest/config'

/** What a site runs in elsewhere, one case a file, in its own time. */
export default defineConfig({
  test: {
    globalSetup: 'tests/support/global-setup.ts',
    include: ['tests/surroundings/**/*.test.ts'],
    maxWorkers: 1,
  },
})
