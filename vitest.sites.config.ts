import { defineConfig } from 'vitest/config'
import { patience } from './tests/support/patience.ts'

/** Sites that others have set up, with the package in them. */
export default defineConfig({
  test: {
    globalSetup: 'tests/support/global-setup.ts',
    include: ['tests/sites/{every-site,astro-add}.test.ts'],
    maxWorkers: 1,
    testTimeout: 900_000,
    hookTimeout: 900_000,
    expect: { poll: { timeout: patience } },
  },
})
