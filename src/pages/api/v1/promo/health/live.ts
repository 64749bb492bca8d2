import type { APIRoute } from 'astro'
import { toResponse } from '../../../../../lib/http/answer.ts'
import { onlyMethod } from '../../../../../lib/http/methods.ts'
import { liveness } from '../../../../../lib/operations/health.ts'

export const prerender = false

export const GET: APIRoute = () => toResponse(liveness())

/** Uptime monitors like to ask without a body. */
export const HEAD = GET

export const ALL = onlyMethod('GET')
