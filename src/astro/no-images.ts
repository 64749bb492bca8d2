import type { APIRoute } from 'astro'

export const prerender = false

/**
 * In place of Astro's endpoint for images, which fetches and converts what anybody asks it for: the site's own
 * 404 page.
 */
export const ALL: APIRoute = () => new Response(null, { status: 404 })
