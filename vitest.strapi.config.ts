import { defineConfig } from 'vitest/config'

/** A real Strapi, which `tests/strapi/run.mts` has installed. */
export default defineConfig({
  test: {
    globalSetup: 'tests/support/global-setup.ts',
    include: ['tests/strapi/real.test.ts'],
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
})
