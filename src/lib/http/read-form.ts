/**
 * The fields of a form of ours, which browsers send as `application/x-www-form-urlencoded`; none if it is anything
 * else. The platform's own form parser also accepts multipart bodies, for which it takes quadratic time.
 */
export async function readForm(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  return new URLSearchParams(type === 'application/x-www-form-urlencoded' ? await request.text() : '')
}
