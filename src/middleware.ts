import { defineMiddleware } from 'astro:middleware'
import { developmentApp } from './development-app.ts'

/**
 * In production the server has put the app and the client into the locals already; `astro dev` has no such server,
 * so the same app is opened here.
 */
export const onRequest = defineMiddleware(async (context, next) => {
  const { locals, request } = context
  if (import.meta.env.DEV && !context.isPrerendered) {
    locals.app ??= await developmentApp()
    locals.client ??= locals.app.client(
      context.clientAddress,
      (name) => request.headers.get(name) ?? undefined,
    )
  }
  return await next()
})
