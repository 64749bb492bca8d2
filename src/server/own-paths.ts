import type { HostSite } from './host-site.ts'

/** Where our pages, endpoints and files are in a site at the root, and whatever is below. */
export const ownPaths = ['/analytics', '/sign-in', '/sign-out', '/api/v1/promo', '/_promo']

const ownPath = new RegExp(`^(?:${ownPaths.join('|')})(?:[/?]|$)`)

/** Whether a path, with or without a query, is one of ours in a site at the root. */
export const isOwnPath = (target: string): boolean => ownPath.test(target)

/** The words at the root of a site that are ours, or the one that our paths begin with. */
export const wordsOf = ({ prefix }: Pick<HostSite, 'prefix'>): readonly string[] =>
  prefix === ''
    ? ownPaths.map((path) => path.slice(1)).filter((word) => !word.includes('/'))
    : prefix.split('/').slice(1, 2)
