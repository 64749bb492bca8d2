/**
 * The host of a referrer, in lower case; a plain word such as `gmail_app` is taken as it is. Paths and queries can
 * tell who somebody is, so they go no further. Null where there is nothing of the kind.
 */
export function referrerHost(referrer: string | undefined | null): string | null {
  if (!referrer) return null
  const text = referrer.includes('://') ? referrer : `https://${referrer}`
  const host = URL.canParse(text) ? new URL(text).hostname : ''
  return host === '' ? null : host.toLowerCase().slice(0, 255)
}
