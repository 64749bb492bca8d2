import { defineMiddleware, sequence } from 'astro:middleware'

const first = defineMiddleware(async (context, next) => {
  if (context.url.pathname === '/short') return next('/new/place')
  return next()
})

const second = defineMiddleware(async (context, next) => {
  const response = await next()
  const html = await response.text()
  return new Response(html.replace('%words%', String(html.split(' ').length)), response)
})

export const onRequest = sequence(first, second)
