// JavaScript, so that a Node that cannot read TypeScript can still say what is missing.
import { existsSync } from 'node:fs'

/** What `engines` in package.json says; earlier ones can neither build the site nor run it. */
const least = [22, 12]

/**
 * Why this Node cannot run the site, or `undefined`.
 *
 * @param {string} version as in `process.versions.node`
 * @param {boolean} readsTypeScript as Node does by itself from 22.18 and 23.6 on
 * @param {boolean} [compiled] whether this is the package that others install, which has no TypeScript
 * @returns {string | undefined}
 */
export function nodeFault(version, readsTypeScript, compiled = false) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const enough = major > least[0] || (major === least[0] && minor >= least[1])
  if (enough && (readsTypeScript || compiled)) return undefined
  if (compiled)
    return `This is Node ${version}, and promo-tracking needs ${least.join('.')} or newer: update Node.`
  const fault = enough ? 'which does not read TypeScript' : `and the site needs ${least.join('.')} or newer`
  return (
    `This is Node ${version}, ${fault}: start it with npm (npm start, npm run promo), which runs the one ` +
    'that "npm ci" installed, or update Node to 22.18 or newer.'
  )
}

const isCompiled = !existsSync(new URL('./start.ts', import.meta.url))
const options = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ')
const readsTypeScript =
  Boolean(process.features.typescript) || /--experimental-(strip|transform)-types/.test(options)
const fault = nodeFault(process.versions.node, readsTypeScript, isCompiled)
if (fault !== undefined) {
  process.stderr.write(`${fault}\n`)
  process.exit(1)
}
