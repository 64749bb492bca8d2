import { run } from './commands.ts'
import { addLine, pnpm } from './folder.ts'
import type { HostSite } from './sites.ts'

/** What of the guide (src/sample-site/pages/docs/install.md) was done, and the seconds that it took. */
export type Steps = { commands: string[]; seconds: number }

export const noSteps = (): Steps => ({ commands: [], seconds: 0 })

/** A site of files gets a server first. */
export const addAdapter = (folder: string, steps: Steps): Promise<void> =>
  type(folder, steps, 'npx astro add node --yes')

/** Puts the package's file into a site, where its owner says its name, and builds the site. */
export async function putIn(
  { manager }: HostSite,
  folder: string,
  tarball: string,
  steps: Steps,
): Promise<void> {
  await type(folder, steps, manager === 'npm' ? `npm install ${tarball}` : `${pnpm} add ${tarball}`)
  addLine(folder)
  await timed(steps, () => build(folder))
}

export const build = (folder: string): Promise<string> => run(folder, 'npm run build')

/** The output of `astro check` on a site whose owner uses it. It fails on errors. */
export const check = async ({ checked }: HostSite, folder: string): Promise<string> =>
  checked ? diagnosticsOf(await run(folder, 'npx astro check --minimumSeverity hint')) : ''

const diagnosticsOf = (printed: string): string => /Getting diagnostics.*/s.exec(printed)?.[0] ?? printed

async function type(folder: string, steps: Steps, command: string): Promise<void> {
  steps.commands.push(command)
  await timed(steps, () => run(folder, command))
}

async function timed(steps: Steps, work: () => Promise<unknown>): Promise<void> {
  const started = performance.now()
  await work()
  steps.seconds += (performance.now() - started) / 1000
}
