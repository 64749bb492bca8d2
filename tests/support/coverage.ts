import v8 from '@vitest/coverage-v8'
import type { CoverageProviderModule } from 'vitest/node'

/**
 * V8's coverage, except in tests that look at sites from outside, which reach no code of ours by themselves: code
 * takes up to twice as long where its lines are watched.
 */
const provider: CoverageProviderModule = process.env.UNWATCHED ? { getProvider: v8.getProvider } : v8
export default provider
