import { guarded } from '../../../../../astro/guarded.ts'
import { onlyMethod } from '../../../../../lib/http/methods.ts'

export const prerender = false

/** Whatever the body says: that something has changed is enough. */
export const POST = guarded('links/changed', (app) => app.linksChanged())

export const ALL = onlyMethod('POST')
