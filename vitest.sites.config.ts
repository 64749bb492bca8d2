import { defineConfig } from 'vitest/config'

/** Sites that others have set up, with the package in them. */
export default defineConfig({
  test: {
    globalSetup: 'tests/support/global-setup.ts',
    include: ['tests/sites/{every-site,astro-add}.test.ts'],
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 600_000,
  },
})
