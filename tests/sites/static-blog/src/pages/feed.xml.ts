export const GET = () => new Response('<feed><title>A blog</title></feed>')
