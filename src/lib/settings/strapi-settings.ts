import * as v from 'valibot'
import { type FieldKind, parseFields } from './strapi-fields.ts'

const fieldsFault = (kind: FieldKind, text: string): string | undefined => {
  const read = parseFields(kind, text)
  return read.ok ? undefined : read.fault
}

/** A mapping of fields; by default the preset of its kind. */
export const strapiFields = (kind: FieldKind) =>
  v.optional(
    v.pipe(
      v.string(),
      v.check(
        (text) => fieldsFault(kind, text) === undefined,
        ({ input }) => `${fieldsFault(kind, input)}`,
      ),
    ),
    kind.preset,
  )

export const strapiType = v.pipe(
  v.string(),
  v.regex(
    /^[a-z0-9][a-z0-9-]{0,99}$/,
    'must be the plural API ID of a collection type, as in /api/affiliate-links',
  ),
)
