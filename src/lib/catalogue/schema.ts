import * as v from 'valibot'
import { hasEntity } from '../links/link-faults.ts'
import { clickIdParameter, isWebUrl, recordOf, slugPattern } from '../model/link.ts'

/** Paths of the site that no link may use. */
const reservedSlugs = ['api', 'analytics', 'sign-in', 'sign-out', '404', '500', 'promo-self-test']

const integerMax = 2_147_483_647

/** PostgreSQL counts characters, JavaScript halves of surrogate pairs. */
const text = (longest = Number.POSITIVE_INFINITY) =>
  v.pipe(
    v.string('must be a string'),
    v.check((value) => value.trim() !== '', 'must not be empty'),
    v.check((value) => [...value].length <= longest, `must have at most ${longest} characters`),
    v.check(
      (value) => !value.includes('\0') && value.isWellFormed(),
      'must not contain NUL or broken characters',
    ),
  )

const flag = v.exactOptional(v.boolean('must be true or false'))

const slug = v.pipe(
  v.string('must be a string'),
  v.toLowerCase(),
  v.regex(slugPattern, 'must be 1 to 100 letters, digits, "-" or "_", and begin with a letter or digit'),
  v.check((value) => !reservedSlugs.includes(value), 'is a path of the site itself; choose another'),
)

const url = v.pipe(
  text(2048),
  v.check(
    (value) => /^https?:\/\//.test(value) && isWebUrl(value),
    'must be a URL that begins with https:// or http://',
  ),
  v.check(
    (value) => !hasEntity(value),
    'has "&amp;" where "&" is meant; write "&", or "%26amp;" if you mean exactly that text',
  ),
)

/** An object of exactly these fields. Unlike valibot's own, it reports every unknown field, not only the first. */
const entry = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.intersect([
    v.object(entries),
    v.pipe(
      v.looseObject({}),
      v.rawCheck(({ dataset, addIssue }) => {
        if (!dataset.typed) return
        for (const [key, value] of Object.entries(dataset.value)) {
          if (Object.hasOwn(entries, key)) continue
          const path: [v.ObjectPathItem] = [
            { type: 'object', origin: 'key', input: dataset.value, key, value },
          ]
          addIssue({ message: 'is not a known field; remove it', path })
        }
      }),
      v.transform(() => ({})),
    ),
  ])

const link = entry({
  slug,
  destination_url: url,
  active: flag,
  utm: v.exactOptional(
    recordOf(
      v.pipe(
        v.string(),
        v.regex(/^(utm|mtm)_[a-z0-9_]+$/, 'must be a name such as utm_source or mtm_campaign'),
      ),
      text(500),
      'must be a JSON object',
    ),
  ),
  pass_parameters: flag,
  click_id_parameter: v.exactOptional(v.nullable(clickIdParameter)),
})

/** What identifies an offer or a text when its name or text changes; null removes it. */
const documentId = v.exactOptional(v.nullable(text(100)))

const variation = entry({
  text_content: text(),
  cta_text: v.exactOptional(v.nullable(text(255))),
  tone: v.exactOptional(v.nullable(text(50))),
  length_category: v.exactOptional(
    v.nullable(v.picklist(['short', 'medium', 'long'], 'must be short, medium or long')),
  ),
  approved: flag,
  document_id: documentId,
})

const weightFault = `must be a whole number from 0 to ${integerMax}`

const offer = entry({
  name: text(255),
  offer_type: v.exactOptional(text(50)),
  link_slug: slug,
  weight: v.exactOptional(
    v.pipe(
      v.number(weightFault),
      v.integer(weightFault),
      v.minValue(0, weightFault),
      v.maxValue(integerMax, weightFault),
    ),
  ),
  active: flag,
  document_id: documentId,
  variations: v.optional(v.array(variation, 'must be a list'), []),
})

/** An import file, such as `db/sample.json`. An omitted field keeps its value. */
export const catalogueSchema = v.pipe(
  entry({
    links: v.optional(v.array(link, 'must be a list'), []),
    offers: v.optional(v.array(offer, 'must be a list'), []),
  }),
  v.check(({ links, offers }) => links.length + offers.length > 0, 'has neither links nor offers'),
)

export type Catalogue = v.InferOutput<typeof catalogueSchema>
