import { LRUCache } from 'lru-cache'
import { type Device, readDevice } from '../classify/device.ts'
import type { Click } from '../model/event.ts'

/** What is stored about the program that made a click. */
export type Agent = Pick<Click, 'user_agent' | 'device' | 'browser' | 'os'>

/** Reads a user agent as it was received. Never throws. */
export type AgentReader = (userAgent: string | null | undefined) => Agent

export const noAgent: Agent = { user_agent: null, device: null, browser: null, os: null }

const longestKept = 500
/** No browser says more; headers may be as long as 16 kB, and thousands of those would fill the memory. */
const longestRemembered = 1_000
const mostRemembered = 5_000

/** Caches the results: parsing a device takes some twenty times as long as everything else about a click. */
export function createAgentReader(deviceOf: (userAgent: string) => Device = readDevice): AgentReader {
  const known = new LRUCache<string, Agent>({ max: mostRemembered })
  return (userAgent) => {
    if (!userAgent) return noAgent
    const remembered = known.peek(userAgent)
    if (remembered) return remembered
    const agent = readAgent(userAgent, deviceOf)
    if (userAgent.length <= longestRemembered) known.set(userAgent, agent)
    return agent
  }
}

function readAgent(userAgent: string, deviceOf: (userAgent: string) => Device): Agent {
  const kept = userAgent.slice(0, longestKept).toWellFormed().replaceAll('\0', '')
  try {
    return { user_agent: kept, ...deviceOf(kept) }
  } catch {
    // A text that makes the library throw must not cost the click.
    return { ...noAgent, user_agent: kept }
  }
}
