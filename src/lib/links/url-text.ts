/** URLs as they are written: parsing and serialising them would change what a signature covers. */
export type UrlText = {
  head: string
  /** Without its question mark; `undefined` if there is none. */
  query: string | undefined
  /** The fragment with its `#`, or nothing. */
  tail: string
}

/** A web URL that all clients parse alike; a `\` before the query leads some elsewhere. */
const plainUrl = /^(https?:\/\/)([^/\\?#]+)([^\\?#]*(?:[?#].*)?)$/is

/**
 * A web URL that is valid in a header, unchanged if possible. Otherwise blanks, control characters and non-ASCII
 * characters are encoded as browsers do, and nothing else.
 */
export function headerUrl(given: string): string {
  // Browsers remove these, too.
  const text = given.replace(/^[\0- ]+|[\0- ]+$|[\t\n\r]/g, '')
  const [, scheme = '', authority = '', rest = ''] = plainUrl.exec(text) ?? []
  if (scheme === '') return new URL(text).href
  return scheme + headerAuthority(authority, text) + headerText(rest)
}

function headerAuthority(authority: string, text: string): string {
  if (/^[\x21-\x7e]+$/.test(authority)) return authority
  return headerText(authority.slice(0, authority.lastIndexOf('@') + 1)) + new URL(text).host
}

const headerText = (text: string): string => text.toWellFormed().replace(/[^\x21-\x7e]/gu, encodeURIComponent)

export function splitUrl(text: string): UrlText {
  const end = text.indexOf('#')
  const [body, tail] = end === -1 ? [text, ''] : [text.slice(0, end), text.slice(end)]
  const start = body.indexOf('?')
  return start === -1
    ? { head: body, query: undefined, tail }
    : { head: body.slice(0, start), query: body.slice(start + 1), tail }
}

/** The separator between a query and an appended parameter. */
export const joint = (query: string): string => (query === '' || query.endsWith('&') ? '' : '&')

/** The decoded name of one parameter of a query. */
export function nameOf(parameter: string): string {
  const end = parameter.indexOf('=')
  const name = end === -1 ? parameter : parameter.slice(0, end)
  return /[%+]/.test(name) ? [...new URLSearchParams(`&${name}`).keys()].join() : name
}

/** A query with a parameter that replaces those of the same name, or else comes last. */
export function withParameter(query: string | undefined, name: string, value: string): string {
  const { before, after } = aroundParameter(query, name)
  return before + encode(value) + after
}

/** What such a query has before and after the parameter's value. */
export function aroundParameter(query: string | undefined, name: string): { before: string; after: string } {
  const beginning = `${encode(name)}=`
  if (query === undefined) return { before: beginning, after: '' }
  const parameters = query.split('&')
  const first = parameters.findIndex((one) => nameOf(one) === name)
  if (first === -1) return { before: query + joint(query) + beginning, after: '' }
  const others = parameters.slice(first + 1).filter((one) => nameOf(one) !== name)
  return {
    before: [...parameters.slice(0, first), beginning].join('&'),
    after: others.map((one) => `&${one}`).join(''),
  }
}

const encode = (text: string): string => encodeURIComponent(text.toWellFormed())
