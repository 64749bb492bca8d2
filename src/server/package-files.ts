import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'

/** The package, or this repository. */
const root = join(import.meta.dirname, '../..')

/** Our pages and endpoints as `src/pages.config.mjs` builds them. */
export const builtPages = join(root, 'build/pages')

const manifest = v.parse(
  v.object({ version: v.string() }),
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')),
)

export const { version } = manifest
