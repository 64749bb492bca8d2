import { resolve } from 'node:path'
import * as v from 'valibot'
import { parseNetworks } from '../base/networks.ts'
import { parseDatabaseUrl } from './database-url.ts'

export const wholeNumber = (least: number, most: number, preset: number) =>
  v.optional(
    v.pipe(
      v.string(),
      v.regex(/^\d{1,12}$/, `must be a whole number from ${least} to ${most}`),
      v.transform(Number),
      v.minValue(least, `must be at least ${least}`),
      v.maxValue(most, `must be at most ${most}`),
    ),
    String(preset),
  )

export const oneOf = <const Choices extends readonly [string, ...string[]]>(
  choices: Choices,
  preset: Choices[number],
) => v.optional(v.picklist(choices, `must be one of ${choices.join(', ')}`), preset)

const urlOf = (protocols: readonly string[], fault: string) =>
  v.pipe(
    v.string(),
    v.check((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), fault),
  )

export const secret = (least: number) =>
  v.pipe(
    v.string(),
    v.regex(/^[\x21-\x7e]*$/, 'must be printable ASCII without spaces'),
    v.minLength(least, `must have at least ${least} characters`),
  )

export const networks = v.optional(
  v.pipe(
    v.string(),
    v.check(
      (text) => parseNetworks(text) !== undefined,
      'must be addresses or CIDR networks, comma-separated',
    ),
    v.transform(parseNetworks),
  ),
)

export const path = v.pipe(
  v.string(),
  v.transform((file) => resolve(file)),
)

const urlFault = (url: string): string | undefined => {
  const parsed = parseDatabaseUrl(url)
  return parsed.ok ? undefined : parsed.fault
}

export const databaseUrl = v.pipe(
  v.string(),
  v.check(
    (text) => urlFault(text) === undefined,
    ({ input }) => `${urlFault(input)}`,
  ),
)

export const httpUrl = urlOf(['https:', 'http:'], 'must begin with https:// or http://')

/** The base URL of another system. */
export const rootUrl = v.pipe(
  httpUrl,
  v.check((text) => /^[^?#@]*$/.test(text), 'must have no user, query or fragment'),
)
