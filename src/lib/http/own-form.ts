/**
 * Whether a form was sent from a page of this site: at the address of the request, or at the public one, which a proxy may
 * show the site at. Browsers say where a form comes from, and no page can make them say otherwise.
 */
export function isOwnForm(
  { request, url }: { request: Pick<Request, 'headers'>; url: URL },
  siteUrl: string,
): boolean {
  const origin = request.headers.get('origin')
  return origin === url.origin || origin === siteUrl
}
