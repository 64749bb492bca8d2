import { globSync, readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { patience } from './tests/support/patience.ts'

/** A slow machine is no failure: what hangs ends here or in `wait.ts`, and nothing else does. */
const common = { testTimeout: 600_000, hookTimeout: 600_000, expect: { poll: { timeout: patience } } }

/** They put another module in the place of one that other files need. */
const mocking = globSync('tests/**/*.test.ts').filter((path) =>
  readFileSync(path, 'utf8').includes('vi.mock('),
)

/** They look at sites, which are processes of their own. */
const outside = ['tests/{e2e,crash,pages}/**/*.test.ts', 'tests/sites/one-site.test.ts']

/**
 * What takes longest, so that no worker is left with it while the others have nothing to do. A worker of one
 * project is of no use to the next.
 */
const longest = [
  /\/(e2e|crash)\/|one-site|closed-doors|site-pages/,
  /\/pages\//,
  /simulation|calibration|truth/,
  /\/store\//,
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const place = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((kind) => kind.test(moduleId))
      return found === -1 ? longest.length : found
    }
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other))
  }
}

export default defineConfig({
  test: {
    globalSetup: 'tests/support/global-setup.ts',
    sequence: { sequencer: LongestFirst },
    // Most of the time is spent waiting, for processes, databases and deadlines.
    maxWorkers: 4,
    projects: [
      {
        // Nothing in src/lib has state of its module (tests/unit/house.test.ts), so files can share a process.
        test: {
          ...common,
          name: 'shared',
          include: ['tests/{unit,store}/**/*.test.ts'],
          exclude: mocking,
          isolate: false,
        },
      },
      {
        test: { ...common, name: 'outside', include: outside, isolate: false, env: { UNWATCHED: 'yes' } },
      },
      { test: { ...common, name: 'mocking', include: mocking } },
    ],
    coverage: {
      provider: 'custom',
      customProviderModule: 'tests/support/coverage.ts',
      include: ['src/lib/**/*.ts'],
      reporter: [['text', { skipFull: true }], 'text-summary', 'json'],
      thresholds: {
        'src/lib/*.ts': { 100: true },
        'src/lib/!(database)/**': { 100: true },
        'src/lib/database/*.ts': { 100: true },
        // Half of it runs only as root or only not, on another system, or in processes that the tests kill.
        'src/lib/database/embedded/**': { statements: 75, branches: 60 },
      },
    },
  },
})
