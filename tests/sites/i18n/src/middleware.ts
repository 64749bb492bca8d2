import { defineMiddleware } from 'astro:middleware'

export const onRequest = defineMiddleware(async ({ url, locals, cookies, redirect }, next) => {
  if (url.pathname.endsWith('/members') && !cookies.has('member')) return redirect('/en/join')
  locals.greeting = 'Good day'
  const response = await next()
  response.headers.set('x-house', 'two languages')
  response.headers.append('set-cookie', 'seen=1; Path=/')
  return response
})
