import type { IncomingMessage, ServerResponse } from 'node:http'

/** A part of a server, as `connect` and Express take it: it answers, or calls `next`. */
export type Connect = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void
