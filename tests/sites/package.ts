import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

/** Tests of the package itself, as `npm run package` leaves it in a folder. */
export function describePackage(folder: string): void {
  const read = (path: string): string => readFileSync(join(folder, path), 'utf8')
  const texts = () => globSync(['*.md', '{docs,db}/*.md'], { cwd: folder })

  test('the package has the guides, and their links lead to what it has', () => {
    expect(texts()).toEqual(expect.arrayContaining(['README.md', 'docs/import-file.md', 'docs/operating.md']))
    for (const path of texts().filter((name) => name !== 'CHANGELOG.md')) {
      const links = [...read(path).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link)
      const missing = links.filter((link) => !existsSync(join(folder, dirname(path), link)))
      expect([path, missing]).toEqual([path, []])
      expect([path, /npm run (--silent )?promo --|sample-site/.test(read(path))]).toEqual([path, false])
    }
  })

  test('what its messages and guides name is in it', () => {
    const files = globSync(['*.md', 'docs/*.md', '{dist,build}/**/*.{js,mjs}'], { cwd: folder })
    const named = files.flatMap((path) =>
      [...read(path).matchAll(/node_modules\/promo-tracking\/([\w./-]*\w)/g)].map(([, name = '']) => name),
    )
    expect(named).toEqual(
      expect.arrayContaining(['docs/install.md', 'docs/import-file.md', 'db/README.md', 'db/sample.json']),
    )
    expect(named.filter((name) => !existsSync(join(folder, name)))).toEqual([])
    expect(files.filter((path) => path.endsWith('js') && read(path).includes('src/sample-site'))).toEqual([])
  })

  test('its manifest has what "astro add" and the list of integrations look for', () => {
    const manifest: unknown = JSON.parse(read('package.json'))
    expect(manifest).toMatchObject({
      name: 'promo-tracking',
      keywords: expect.arrayContaining(['astro-integration', 'withastro']),
      exports: { '.': { default: './dist/integration/index.js', types: './dist/integration/index.d.ts' } },
      peerDependencies: { astro: expect.stringContaining('^7.0.0'), '@astrojs/node': '>=9.0.0' },
    })
    expect(read('dist/integration/index.js')).toMatch(/export default function promoTracking/)
  })
}
