import * as v from 'valibot'
import { readPromoVar } from '../redirect/promo-var.ts'

/** An e-mail as Mautic's API returns it. */
export type Email = {
  id: number
  /** How many contacts it was sent to, never less than before. */
  sent: number
  /** The texts that its links name. */
  texts: number[]
  /** Variants and translations, and what it is one of. */
  related: number[]
  /** When it was scheduled, in milliseconds since 1970, if it was. */
  publishUp: number | undefined
}

export type NamedEmail = { id: number; name: string }

const most = 2_147_483_647
const whole = (least: number) =>
  v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,10}$/), v.transform(Number))]),
    v.integer(),
    v.minValue(least),
    v.maxValue(most),
  )
const content = v.nullish(v.string(), '')
const anything = v.optional(v.unknown())
/** PHP encodes a list as an object if its keys are not 0, 1, 2 … */
const listOf = <Item extends v.GenericSchema>(item: Item) =>
  v.pipe(
    v.unknown(),
    v.transform((list): unknown[] => (typeof list === 'object' && list !== null ? Object.values(list) : [])),
    v.array(item),
  )
const block = v.object({ content })
/** Its default content, and the contents for contacts that match a filter. */
const dynamicBlock = v.object({ content, filters: v.fallback(v.optional(listOf(block), []), []) })

const emailSchema = v.object({
  email: v.object({
    id: whole(1),
    customHtml: content,
    plainText: content,
    dynamicContent: v.fallback(v.optional(listOf(dynamicBlock), []), []),
    publishUp: v.nullish(v.string()),
    sentCount: whole(0),
    variantSentCount: v.nullish(whole(0), 0),
    variantParent: anything,
    variantChildren: anything,
    translationParent: anything,
    translationChildren: anything,
  }),
})

/** `undefined` if it is not an e-mail. */
export function readEmail(answer: unknown): Email | undefined {
  const read = v.safeParse(emailSchema, answer)
  if (!read.success) return undefined
  const { id, sentCount, variantSentCount, publishUp, customHtml, plainText, dynamicContent, ...rest } =
    read.output.email
  const blocks = dynamicContent.flatMap((one) => [
    one.content,
    ...one.filters.map((filtered) => filtered.content),
  ])
  const time = Date.parse(publishUp ?? '')
  const related = [
    rest.variantParent,
    rest.variantChildren,
    rest.translationParent,
    rest.translationChildren,
  ].flatMap(idsIn)
  return {
    id,
    // Mautic resets the variants' count whenever their test changes, but not the other one.
    sent: Math.max(sentCount, variantSentCount),
    texts: textsIn([customHtml, plainText, ...blocks].join('\n')),
    related: [...new Set(related)].filter((one) => one !== id),
    publishUp: Number.isNaN(time) ? undefined : time,
  }
}

const one = v.object({ id: whole(1) })
const many = listOf(one)

/** The ids of a relation: an e-mail, or a list of them; none for anything else. */
function idsIn(relation: unknown): number[] {
  const single = v.safeParse(one, relation)
  if (single.success) return [single.output.id]
  const several = v.safeParse(many, relation)
  return several.success ? several.output.map(({ id }) => id) : []
}

/** Up to the end of its value, without a part that could backtrack. */
const promoVars = /promo(?:_|%5f)var(?:=|%3d)[^\s"'<>&]{0,40}/gi

function textsIn(text: string): number[] {
  const read = (text.match(promoVars) ?? []).map(readPromoVar)
  return [...new Set(read.flatMap((found) => (typeof found === 'object' ? found.variationId : [])))]
}

const named = v.object({ id: whole(1), name: v.string() })
const namesSchema = v.object({ emails: v.union([v.array(named), v.record(v.string(), named)]) })

export function readNames(answer: unknown): NamedEmail[] | undefined {
  const read = v.safeParse(namesSchema, answer)
  return read.success ? Object.values(read.output.emails) : undefined
}
