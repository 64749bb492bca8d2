import type { APIRoute } from 'astro'

export const POST: APIRoute = async ({ request }) => {
  const bytes = await request.arrayBuffer()
  return Response.json({ bytes: bytes.byteLength })
}
