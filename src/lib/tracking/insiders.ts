import type { BlockList } from 'node:net'
import type { Insider } from '../classify/rules.ts'
import { isIn } from '../http/client.ts'

/** Returns which kind of insider clicked, by address and `Cookie` header; `null` for readers. */
export type InsiderOf = (address: string, cookies: string | undefined) => Insider | null

/** `isEditor` returns at once whether cookies have the session of an editor, as far as this process knows. */
export function createInsiders(options: {
  networks: BlockList | undefined
  isEditor: (cookies: string) => boolean
}): InsiderOf {
  const { networks, isEditor } = options
  return (address, cookies) => {
    if (cookies !== undefined && isEditor(cookies)) return 'editor'
    return networks && isIn(networks, address) ? 'own_network' : null
  }
}
