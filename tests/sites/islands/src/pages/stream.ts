export const GET = () =>
  new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('one,'))
        controller.enqueue(new TextEncoder().encode('two'))
        controller.close()
      },
    }),
    { headers: { 'content-type': 'text/event-stream' } },
  )
