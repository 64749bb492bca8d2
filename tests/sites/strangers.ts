const pages = ['/analytics', '/analytics/sends', '/analytics/offers/4']

/** Ways to write a path that a site may take for another path than we do. */
const writings = [
  (path: string) => path,
  (path: string) => `${path}/`,
  (path: string) => `${path}//`,
  (path: string) => `${path}?next=/sign-in`,
  (path: string) => `${path};x`,
  (path: string) => `${path}.html`,
  (path: string) => `${path}/index.html`,
  (path: string) => `${path}%2f`,
  (path: string) => `${path}%00`,
  (path: string) => `/${path}`,
  (path: string) => `/.${path}`,
  (path: string) => `/%2e${path}`,
  (path: string) => `/sign-in/..${path}`,
  (path: string) => `/sign-in/%2e%2e${path}`,
  (path: string) => `/_promo/..${path}`,
  (path: string) => `/_promo/..%2f${path.slice(1)}`,
  (path: string) => `/_astro/..${path}`,
  (path: string) => `/en${path}`,
  (path: string) => `/de${path}`,
  (path: string) => path.replace('/analytics', '/Analytics'),
  (path: string) => path.replace('/analytics', '/%61nalytics'),
  (path: string) => path.replace('/analytics', '/%2561nalytics'),
  (path: string) => path.replaceAll('/', '//'),
  (path: string) => path.replaceAll('/', '/./'),
  (path: string) => `/nope/..${path}`,
]

/** All paths that may lead to the analytics of a site below `base`, and those that would in a site at the root. */
export const strangersPaths = (base: string): string[] => {
  const written = pages.flatMap((page) => writings.map((write) => write(page)))
  return base === '' ? written : [...written.map((path) => `${base}${path}`), ...written]
}
