/** A verdict with its reason, as `verdict reason`. */
export type Expected = { atOnce: string; final: string }

export type Case = {
  name: string
  /** Which of the self-test's variations it asks for. */
  variation: number
  method: 'GET' | 'HEAD'
  headers: Record<string, string>
  /** `null`: it must leave no click. */
  expected: Expected | null
}

/** How many variations the cases need. */
export const neededVariations = 9

/**
 * A visitor is an address with a user agent. None of these is affected by the clicks of another, nor by
 * clicks by hand, since people's browsers leave out the last numbers of their version.
 */
const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)'
const browser = `${windows} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.7444.61 Safari/537.36`
const otherBrowser = `${windows.replace(')', '; rv:144.0)')} Gecko/20100101 Firefox/144.0.2`
const outdatedBrowser = `${windows} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/49.0.2623.61 Safari/537.36`

const always = (verdict: string): Expected => ({ atOnce: verdict, final: verdict })

const get = (name: string, variation: number, agent: string | null, expected: Expected) => ({
  name,
  variation,
  method: 'GET' as const,
  headers: agent === null ? {} : { 'user-agent': agent },
  expected,
})

/**
 * What is sent, in this order, and what must become of it. A visitor's clicks on three variations within ten
 * seconds are a sign of a machine, so only bursts go to as many. `scanner` is an address in a network of mail
 * scanners, if the site believes this process's word for it.
 */
export function casesOf({
  duplicateSeconds,
  scanner,
}: {
  duplicateSeconds: number
  scanner: string | undefined
}): Case[] {
  const person = { 'user-agent': browser }
  const again = duplicateSeconds > 0 ? 'duplicate repeated' : 'human none'
  return [
    {
      name: 'HEAD request',
      variation: 0,
      method: 'HEAD',
      headers: person,
      expected: null,
    },
    get('person', 0, browser, always('human none')),
    get('the same person again', 0, browser, always(again)),
    {
      ...get('prefetch', 1, browser, always('machine prefetch')),
      headers: { ...person, 'sec-purpose': 'prefetch;prerender' },
    },
    {
      ...get('image in a page', 1, browser, always('machine not_navigation')),
      headers: { ...person, 'sec-fetch-mode': 'no-cors' },
    },
    get('program that says it is one', 1, 'curl/8.14.1', always('machine self_declared')),
    get('mail gateway', 1, `${browser} Barracuda`, always('machine mail_gateway')),
    ...(scanner === undefined
      ? []
      : [
          {
            ...get('scanner network', 1, browser, always('machine scanner_network')),
            headers: { ...person, 'x-forwarded-for': scanner },
          },
        ]),
    get('outdated browser', 1, outdatedBrowser, always('human stale_user_agent')),
    {
      ...get('person who asks not to be tracked', 2, browser, always('human none')),
      headers: { ...person, 'sec-gpc': '1' },
    },
    get('burst of links, first', 3, otherBrowser, { atOnce: 'human none', final: 'human many_links' }),
    get('burst of links, second', 4, otherBrowser, { atOnce: 'human none', final: 'human many_links' }),
    get('burst of links, third', 5, otherBrowser, always('human many_links')),
    get('scanner’s burst, first', 6, null, {
      atOnce: 'human no_user_agent',
      final: 'machine no_user_agent+many_links',
    }),
    get('scanner’s burst, second', 7, null, {
      atOnce: 'human no_user_agent',
      final: 'machine no_user_agent+many_links',
    }),
    get('scanner’s burst, third', 8, null, always('machine no_user_agent+many_links')),
  ]
}
