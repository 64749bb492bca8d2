import { fail, ok, type Result } from '../base/result.ts'

/** The fields of an entry: Strapi's name by ours. */
export type Fields = ReadonlyMap<string, string>

/** The names that a mapping may have, and those that it must have. */
export type FieldKind = {
  preset: string
  required: readonly string[]
  optional: readonly string[]
  /** Further names, and how messages describe them. */
  further?: { pattern: RegExp; shown: string }
}

export const linkFields: FieldKind = {
  preset: 'slug:slug,destination:destination_url,active:active',
  required: ['slug', 'destination'],
  optional: ['active', 'pass_parameters', 'click_id_parameter', 'utm'],
  further: { pattern: /^(utm|mtm)_[a-z0-9_]{1,40}$/, shown: 'utm_… or mtm_…' },
}

/**
 * Names as in an import file: those of an offer, and those of its texts, which are entries of their own or components.
 */
export const textWords = ['text_content', 'cta_text', 'tone', 'length_category', 'approved']
export const offerFields: FieldKind = {
  preset: ['name', 'offer_type', 'link_slug', 'weight', 'active', 'variations', ...textWords]
    .map((word) => `${word}:${word}`)
    .join(),
  required: ['name', 'link_slug', 'variations', 'text_content'],
  optional: ['offer_type', 'weight', 'active', 'cta_text', 'tone', 'length_category', 'approved'],
}

/** Strapi's own field names. */
const fieldPattern = /^[A-Za-z][A-Za-z0-9_]{0,99}$/

/** Parses `slug:slug,destination:target_url`; the fault completes a sentence that begins with the setting. */
export function parseFields(kind: FieldKind, text: string): Result<Fields, string> {
  const fields = new Map<string, string>()
  for (const pair of text.split(',').map((part) => part.trim())) {
    const [word = '', field = '', ...more] = pair.split(':')
    if (more.length > 0 || !fieldPattern.test(field))
      return fail('must be comma-separated pairs such as slug:field, each with the name of a field in Strapi')
    if (!isKnown(kind, word)) return fail(`must have only ${toldWords(kind)} before the colons`)
    if (fields.has(word)) return fail(`must name ${word} once`)
    fields.set(word, field)
  }
  const missing = kind.required.find((word) => !fields.has(word))
  return missing === undefined ? ok(fields) : fail(`must say which field is the ${missing}`)
}

const isKnown = ({ required, optional, further }: FieldKind, word: string): boolean =>
  required.includes(word) || optional.includes(word) || further?.pattern.test(word) === true

const toldWords = ({ required, optional, further }: FieldKind): string =>
  [...required, ...optional, ...(further ? [further.shown] : [])].join(', ')
