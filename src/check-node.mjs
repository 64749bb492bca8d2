// JavaScript, so that a Node that cannot read TypeScript can still say what is missing.

/** `import.meta.main`, by which files know that they were started, came with this version. */
const least = [24, 2]

/**
 * Why this version of Node cannot run the site, or `undefined`.
 *
 * @param {string} version as in `process.versions.node`
 * @returns {string | undefined}
 */
export function nodeFault(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major > least[0] || (major === least[0] && minor >= least[1])) return undefined
  return `This is Node ${version}, and the site needs ${least.join('.')} or newer: start it with npm (npm start, npm run promo), which runs the one that "npm ci" has installed, or update Node.`
}

const fault = nodeFault(process.versions.node)
if (fault !== undefined) {
  process.stderr.write(`${fault}\n`)
  process.exit(1)
}
