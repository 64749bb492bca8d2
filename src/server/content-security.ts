/** Everything that a page of ours needs comes from the site itself. */
const policy = (allowed: Record<string, string>): string =>
  Object.entries({
    'default-src': "'none'",
    ...allowed,
    'frame-ancestors': "'none'",
    'base-uri': "'none'",
  })
    .map(([directive, sources]) => `${directive} ${sources}`)
    .join('; ')

/** For what editors see, and the page where they sign in. */
export const editorsPolicy = policy({
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
  'form-action': "'self'",
})

/** For pages that are the same for everybody: without scripts and forms. */
export const prerenderedPolicy = policy({
  'style-src': "'self'",
  'img-src': "'self'",
  'form-action': "'none'",
})
