import './check-node.mjs'

export type { Connect } from './connect.ts'
export { closeHandlers, createHandler, type HandlerOptions, lazyHandler } from './handler.ts'
export { putInFront } from './put-in-front.ts'
