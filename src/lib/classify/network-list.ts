import { isIP } from 'node:net'
import * as v from 'valibot'
import { parseJson, repeatedIn } from '../base/json.ts'
import { fail, ok, type Result } from '../base/result.ts'
import { readTextFile } from '../base/text-file.ts'
import { parseNetwork } from './networks.ts'
import { linesOfJson } from './readable-json.ts'

const text = (message: string) => v.pipe(v.string(message), v.trim(), v.nonEmpty(message))

const group = 'must be an object with "vendor", "source", "date" and "networks"'
const vendor = 'must be the name of the company that scans mail from these networks'
const source = 'must say where this is known from, preferably a URL'
const day = 'must be the day on which the source was read, such as "2026-11-25"'
const seen = 'must be true where only senders have seen scanners there, otherwise false'
const networks = 'must be a list of networks, such as ["192.0.2.0/24"]'
const network = 'must be a network, such as "192.0.2.0/24" or "2001:db8::/32"'
const byKey: Readonly<Record<string, string>> = { vendor, source, date: day, networks }

const listSchema = v.array(
  v.strictObject(
    {
      vendor: text(vendor),
      source: text(source),
      date: v.pipe(v.string(day), v.isoDate(day)),
      seen: v.optional(v.boolean(seen)),
      networks: v.array(
        v.pipe(
          v.string(network),
          v.check(
            (cidr) => parseNetwork(cidr) !== undefined,
            ({ input }) => remedyFor(input),
          ),
        ),
        networks,
      ),
    },
    ({ expected }) => {
      if (expected === 'never') return `is not known here; an entry ${group}`
      const wanted = byKey[expected.slice(1, -1)]
      return wanted ? `is missing: it ${wanted}` : group
    },
  ),
  'must be a list: put [ ] around its entries',
)

/**
 * A network from which mail is scanned, who scans there, the source of that, and the day it was looked up. `seen`:
 * senders have seen scanners there, but its operator has not confirmed it.
 */
export type ScannerNetwork = { cidr: string; vendor: string; source: string; date: string; seen?: boolean }

/** An error in a file of networks, with the remedy; `line` counts from 1, 0 for the whole file. */
export type NetworkFault = { line: number; message: string }

/** Reads a file of networks; every error is reported. */
export function readNetworkFile(path: string): Result<ScannerNetwork[], NetworkFault[]> {
  const text = readTextFile(path)
  return text.ok ? parseNetworkList(text.value) : fail([{ line: 0, message: text.fault }])
}

/** Reads networks in the form of `scanner-networks.json`. */
export function parseNetworkList(json: string): Result<ScannerNetwork[], NetworkFault[]> {
  if (json.trim() === '')
    return fail([{ line: 0, message: 'is empty. It must hold a list, even if that is only [ ]' }])
  const content = parseJson(json)
  if (!content.ok) {
    const position = Number(/at position (\d+)/.exec(content.fault)?.[1] ?? json.length)
    const line = json.slice(0, position).split('\n').length
    return fail([{ line, message: `is not valid JSON from here on: ${content.fault}` }])
  }
  const parsed = v.safeParse(listSchema, content.value)
  const repeated = repeatedIn(json)
  if (parsed.success && repeated.length === 0) return ok(networksOf(parsed.output))
  const lines = linesOfJson(json)
  return fail([
    ...repeated.map((steps) => ({
      line: lineOf(steps, lines),
      message: `"${steps.at(-1)}" is given more than once`,
    })),
    ...(parsed.issues ?? []).map((issue) => faultOf(issue, lines)),
  ])
}

/** One network after the other, each with who scans there. */
export const networksOf = (list: v.InferOutput<typeof listSchema>): ScannerNetwork[] =>
  list.flatMap(({ networks, seen = false, ...about }) =>
    networks.map((cidr) => ({ cidr, ...about, ...(seen && { seen }) })),
  )

/** The errors of a file as lines for people. */
export const describeNetworkFaults = (path: string, faults: readonly NetworkFault[]): string[] =>
  faults.map(({ line, message }) => (line === 0 ? `${path} ${message}` : `${path}:${line} ${message}`))

function faultOf(issue: v.BaseIssue<unknown>, lines: ReadonlyMap<string, number>): NetworkFault {
  const steps = (issue.path ?? []).map(({ key }) => String(key))
  const name = steps.findLast((step) => !/^\d+$/.test(step))
  const value = issue.input === undefined ? '' : `${JSON.stringify(issue.input).slice(0, 80)} `
  return {
    line: lineOf(steps, lines),
    message: `${name === undefined ? '' : `"${name}" `}${value}${issue.message}`,
  }
}

/** A missing value gets the line of the object that lacks it; the whole always has one. */
const lineOf = (steps: readonly (string | number)[], lines: ReadonlyMap<string, number>): number =>
  lines.get(steps.join('.')) ?? lineOf(steps.slice(0, -1), lines)

/** A suggestion in place of a string that is not a network. */
function remedyFor(value: string): string {
  const [address = '', prefix = '', ...rest] = value.split('/')
  const version = isIP(address)
  if (version === 0 || address.includes('%') || rest.length > 0) return network
  const longest = version === 4 ? 32 : 128
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > longest) {
    return `must have a prefix from 0 to ${longest} after its slash`
  }
  return (
    `must have no bits set after its prefix: write the lowest address of the network, or /${longest} ` +
    'for one address'
  )
}
