import type { Blocks } from '../model/selection.ts'
import type { Promo } from './schema.ts'

/**
 * A promo ready to be put into an e-mail: as HTML and as text, with its link. Both avoid what mail software changes: no
 * styles, no attribute but `href`, and nothing after a link on its line.
 */
export function blocksOf(
  promo: Pick<Promo, 'text_content' | 'cta_text' | 'link'>,
  blocks: Blocks | undefined,
): Pick<Promo, 'html' | 'text'> {
  return {
    ...(blocks?.includes('html') && { html: asHtml(promo) }),
    ...(blocks?.includes('text') && { text: asText(promo) }),
  }
}

type Content = Pick<Promo, 'text_content' | 'cta_text' | 'link'>

/** Without a call to action, the whole text is the link. */
function asHtml({ text_content, cta_text, link }: Content): string {
  const text = linesOf(text_content).map(escapeHtml).join('<br>')
  const linkTo = (html: string): string => `<a href="${escapeHtml(link)}">${html}</a>`
  const callToAction = linesOf(cta_text ?? '').join(' ')
  return callToAction === ''
    ? `<p>${linkTo(text)}</p>`
    : `<p>${text}</p>\n<p>${linkTo(escapeHtml(callToAction))}</p>`
}

function asText({ text_content, cta_text, link }: Content): string {
  const text = linesOf(text_content).join('\n')
  const callToAction = linesOf(cta_text ?? '').join(' ')
  return callToAction === '' ? `${text}\n${link}` : `${text}\n\n${callToAction}\n${link}`
}

const linesOf = (text: string): string[] => text.trim().split(/\r\n|[\r\n\v\f\u0085\u2028\u2029]/)

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `${entities[character]}`)
