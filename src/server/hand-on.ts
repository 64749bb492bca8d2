import type { Worker } from 'node:cluster'
import * as v from 'valibot'

/** What Node's cluster module says when it hands a worker a connection, and what the worker says once it has it. */
const handed = v.object({ cmd: v.literal('NODE_CLUSTER'), act: v.literal('newconn'), seq: v.number() })
const taken = v.object({ cmd: v.literal('NODE_CLUSTER'), ack: v.number() })

type Connection = { close(): void }
const isConnection = (value: unknown): value is Connection =>
  typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function'

/**
 * Has the other workers take the connections that this one was handed and had not taken when it was killed:
 * Node keeps them open without reporting them, so that their callers would wait until they give up. Nothing of
 * these was read yet. Where `othersListen` says that there is nobody to take them they are closed.
 *
 * Node's own messages are looked at for it, which may change with Node: then no message is known, and nothing
 * is handed on.
 */
export function handOnWhenKilled(worker: Worker, othersListen: () => boolean): void {
  const { process } = worker
  const waiting = new Map<number, Connection>()
  const send = process.send.bind(process)
  const noteAndSend = (...args: Parameters<typeof send>): boolean => {
    const [message, connection] = args
    if (v.is(handed, message) && isConnection(connection)) waiting.set(message.seq, connection)
    return send(...args)
  }
  Object.defineProperty(process, 'send', { value: noteAndSend })
  process.on('internalMessage', (message: unknown) => {
    if (v.is(taken, message)) waiting.delete(message.ack)
  })
  let disconnected = false
  process.once('disconnect', () => {
    disconnected = true
  })
  // The process has ended, and all that it has said is read.
  process.once('close', () => {
    // With a connection under way Node does not come to it, and would hand the dead worker further ones.
    if (!disconnected) process.emit('disconnect')
    for (const [ack, connection] of [...waiting]) {
      waiting.delete(ack)
      if (othersListen())
        process.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack, accepted: false }, undefined)
      else connection.close()
    }
  })
}
