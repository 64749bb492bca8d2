/** A verdict with its reason, as `verdict reason`. */
export type Expected = { atOnce: string; final: string }

export type Case = {
  name: string
  /** Cases of a group follow each other at once; groups are so far apart that they know nothing of each other. */
  group: number
  /** Which of the self-test's variations it asks for. */
  variation: number
  method: 'GET' | 'HEAD'
  headers: Record<string, string>
  /** `null`: it must leave no click. */
  expected: Expected | null
}

/** How many variations the cases need. */
export const neededVariations = 9
export const groups = [1, 2, 3] as const

/** Most cases are one visitor’s, who has this browser. */
export const browser =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'

const always = (verdict: string): Expected => ({ atOnce: verdict, final: verdict })

const get = (name: string, group: number, variation: number, agent: string | null, expected: Expected) => ({
  name,
  group,
  variation,
  method: 'GET' as const,
  headers: agent === null ? {} : { 'user-agent': agent },
  expected,
})

/**
 * What is sent, in this order, and what must become of it. A visitor's clicks on three variations within ten seconds are a
 * sign of a machine, so those of the first group stay on two of them; the one that is nobody's counts for no visitor.
 * `scanner` is an address in a network of mail scanners, if the site believes this process's word for it.
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
      group: 1,
      variation: 0,
      method: 'HEAD',
      headers: person,
      expected: null,
    },
    get('person', 1, 0, browser, always('human none')),
    get('the same person again', 1, 0, browser, always(again)),
    {
      ...get('prefetch', 1, 1, browser, always('machine prefetch')),
      headers: { ...person, 'sec-purpose': 'prefetch;prerender' },
    },
    get('program that says so', 1, 1, 'curl/8.14.1', always('machine self_declared')),
    get('mail gateway', 1, 1, `${browser} Barracuda`, always('machine mail_gateway')),
    ...(scanner === undefined
      ? []
      : [
          {
            ...get('scanner network', 1, 1, browser, always('machine scanner_network')),
            headers: { ...person, 'x-forwarded-for': scanner },
          },
        ]),
    get('no user agent', 1, 1, null, always('human no_user_agent')),
    {
      ...get('person who asks not to be tracked', 1, 2, browser, always('human none')),
      headers: { ...person, 'sec-gpc': '1' },
    },
    get('burst of links, first', 2, 3, browser, { atOnce: 'human none', final: 'human many_links' }),
    get('burst of links, second', 2, 4, browser, { atOnce: 'human none', final: 'human many_links' }),
    get('burst of links, third', 2, 5, browser, always('human many_links')),
    get('scanner’s burst, first', 3, 6, null, {
      atOnce: 'human no_user_agent',
      final: 'machine no_user_agent+many_links',
    }),
    get('scanner’s burst, second', 3, 7, null, {
      atOnce: 'human no_user_agent',
      final: 'machine no_user_agent+many_links',
    }),
    get('scanner’s burst, third', 3, 8, null, always('machine no_user_agent+many_links')),
  ]
}
