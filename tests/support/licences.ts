import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'

const root = join(import.meta.dirname, '..', '..')
export const licencesPath = join(root, '.github', 'LICENCES.md')

const lockSchema = v.object({
  packages: v.record(
    v.string(),
    v.object({
      version: v.optional(v.string(), ''),
      name: v.optional(v.string()),
      license: v.optional(v.string(), 'unknown'),
      dev: v.optional(v.boolean(), false),
    }),
  ),
})

export type Licensed = { name: string; versions: string[]; licence: string }

/**
 * What `npm ci --omit=dev` may install, by the lock file: also packages for other platforms, and those that
 * something for development needs as well.
 */
export function readLicences(lock: unknown): Licensed[] {
  const found = Object.entries(v.parse(lockSchema, lock).packages)
    .filter(([path, { dev }]) => path !== '' && !dev)
    .map(([path, { name, version, license }]) => ({
      name: name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      licence: license,
    }))
  return [...Map.groupBy(found, ({ name, licence }) => `${name} ${licence}`).values()]
    .flatMap((same) => {
      const [first] = same
      const versions = [...new Set(same.map(({ version }) => version))].toSorted()
      return first ? [{ name: first.name, licence: first.licence, versions }] : []
    })
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
}

export const readLock = (): unknown => JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))

/** Licences that ask for no more than their own text. */
export const permissive = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'PostgreSQL',
  'Python-2.0',
  'Unlicense',
])

/** Packages with another licence: which, and why they are here all the same. */
export const others: readonly { names: RegExp; licence: RegExp; why: string }[] = [
  {
    names: /^lightningcss(-[\w-]+)?$/,
    licence: /^MPL-2\.0$/,
    why: 'Vite, on which Astro builds, makes style sheets smaller with it. Used unchanged, and in no page.',
  },
  {
    names: /^@img\/sharp-/,
    licence: /LGPL-3\.0-or-later/,
    why:
      'Astro names them as optional, for images that it converts (libvips). This site has that turned ' +
      'off, and loads none of them.',
  },
]

export function describeLicences(packages: readonly Licensed[]): string {
  const rows = packages.map(({ name, versions, licence }) => [name, versions.join(', '), licence])
  const exceptions = others.flatMap(({ names, why }) => {
    const meant = packages.filter(({ name, licence }) => names.test(name) && !permissive.has(licence))
    return meant.length > 0 ? [`- ${meant.map(({ name }) => `\`${name}\``).join(', ')}: ${why}`] : []
  })
  return `# Licences

What \`npm ci --omit=dev\` installs, on whichever platform, by \`package-lock.json\`. \`npm run licences\` writes this
page anew. These are not permissive:

${exceptions.join('\n')}

${table([['package', 'version', 'licence'], ...rows])}
`
}

/** In columns, as the formatter has them; the first row is the head. */
function table(rows: readonly string[][]): string {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lineOf = (row: readonly string[]) =>
    `| ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...others] = rows.map(lineOf)
  return [head, lineOf(widths.map((width) => '-'.repeat(width))), ...others].join('\n')
}

if (import.meta.main) writeFileSync(licencesPath, describeLicences(readLicences(readLock())))
