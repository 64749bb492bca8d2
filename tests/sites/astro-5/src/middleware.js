export const onRequest = async (_, next) => {
  const response = await next()
  response.headers.set('x-served-by', 'astro-5')
  return response
}
