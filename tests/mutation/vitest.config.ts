import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: 'tests/support/global-setup.ts',
    include: process.env.MUTATION_TESTS?.split('\n') ?? [
      'tests/unit/**/*.test.ts',
      'tests/store/**/*.test.ts',
    ],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})
