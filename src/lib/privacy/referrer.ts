/** The usual form of a referrer; the URL parser takes ten times as long. */
const plainUrl = /^https?:\/\/([a-z0-9-]{1,60}(?:\.[a-z0-9-]{1,60}){0,3}\.[a-z]{2,20})(?:\/|$)/i

/**
 * The host of a referrer, in lower case; a plain word such as `gmail_app` is kept unchanged. Paths and queries can
 * reveal who somebody is, so they are dropped. Null if it is neither.
 */
export function referrerHost(referrer: string | undefined | null): string | null {
  if (!referrer) return null
  const plain = plainUrl.exec(referrer)?.[1]
  if (plain) return plain.toLowerCase()
  const text = referrer.includes('://') ? referrer : `https://${referrer}`
  const host = URL.canParse(text) ? new URL(text).hostname : ''
  return host === '' ? null : host.toLowerCase().slice(0, 255)
}
