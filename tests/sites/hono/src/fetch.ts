import { actions, middleware, pages } from 'astro/hono'
import { Hono } from 'hono'

const app = new Hono()

app.use(async (context, next) => {
  await next()
  context.header('x-powered-by', 'hono')
})
app.get('/teapot', (context) => context.text('I am a teapot', 418))
app.use(actions())
app.use(middleware())
app.use(pages())

export default app
