/**
 * The fields of a form of ours, which browsers send as `application/x-www-form-urlencoded`; none where it is
 * anything else. The platform's own reading of forms also takes parts with boundaries, for which it needs the
 * square of their length.
 */
export async function readForm(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  return new URLSearchParams(type === 'application/x-www-form-urlencoded' ? await request.text() : '')
}
