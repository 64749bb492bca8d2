import { guarded } from '../../../../astro/guarded.ts'
import { onlyMethod } from '../../../../lib/http/methods.ts'

export const prerender = false

export const GET = guarded('metrics', (app) => app.readMetrics())

export const ALL = onlyMethod('GET')
