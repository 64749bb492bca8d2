import { type BlockList, isIP } from 'node:net'
import type { Insider } from '../classify/rules.ts'

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
    return networks?.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4') ? 'own_network' : null
  }
}
