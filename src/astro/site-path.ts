const base = import.meta.env.BASE_URL.replace(/\/$/, '')

/** The address of a page of ours, in a site that may be below a path of its own. */
export const sitePath = (path: string): string => `${base}${path}`

/** The same path as if the site stood at the root. */
export const withoutBase = (path: string): string =>
  path.startsWith(`${base}/`) ? path.slice(base.length) : path
