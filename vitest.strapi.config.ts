import { defineConfig } from 'vitest/config'
import { patience } from './tests/support/patience.ts'

/** A real Strapi, which `tests/strapi/run.mts` has installed. */
export default defineConfig({
  test: {
    globalSetup: 'tests/support/global-setup.ts',
    include: ['tests/strapi/real.test.ts'],
    maxWorkers: 1,
    testTimeout: 900_000,
    hookTimeout: 900_000,
    expect: { poll: { timeout: patience } },
  },
})
