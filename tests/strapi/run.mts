/**
 * Installs a Strapi in `test-output/strapi`, which takes two minutes the first time and no place among the project's
 * dependencies, and runs the tests against it. Writes what it answers to `tests/strapi/recorded`.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const from = import.meta.dirname
const to = join(from, '..', '..', 'test-output', 'strapi')
const run = (command: string, args: string[], cwd = join(from, '..', '..')) =>
  execFileSync(command, args, { cwd, stdio: 'inherit' })

const manifest = join(from, 'package.json')
const installed = join(to, 'package.json')
const same = existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(manifest, 'utf8')
mkdirSync(join(to, 'public', 'uploads'), { recursive: true })
for (const part of ['src', 'config']) rmSync(join(to, part), { recursive: true, force: true })
cpSync(join(from, 'app'), to, { recursive: true })
if (!same || !existsSync(join(to, 'node_modules'))) {
  cpSync(manifest, installed)
  run(
    'nice',
    ['-n', '19', 'npm', 'install', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error'],
    to,
  )
}
mkdirSync(join(from, 'recorded'), { recursive: true })
run('npx', ['vitest', 'run', '--config', 'vitest.strapi.config.ts'])
