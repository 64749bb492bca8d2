import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PromoTracking } from '../lib/index.ts'
import type { Promo } from '../lib/selection/schema.ts'

const script = join(import.meta.dirname, '..', 'clients', 'python', 'newsletter.py')
const scriptDeadline = 30_000
const recipients = 1_200

/** The day (UTC) that an issue is of, and its send. */
export type Issue = { date: string; send: string }

/**
 * Puts today's newsletter into the folder as `sample-newsletter.html`. The newsletter script makes it, as a publisher's
 * would, over HTTP; without Python a plain page with the same promo takes its place.
 */
export async function makeSampleNewsletter(
  app: PromoTracking,
  url: string,
  folder: string,
  issue: Issue,
): Promise<void> {
  const workspace = await mkdtemp(join(tmpdir(), 'promo-newsletter-'))
  try {
    await mkdir(folder, { recursive: true })
    const made = join(workspace, 'newsletter.html')
    if (!(await runScript(url, workspace, issue))) await writeFile(made, await plainNewsletter(app, issue))
    const draft = join(folder, '.sample-newsletter.html')
    await copyFile(made, draft)
    await rename(draft, join(folder, 'sample-newsletter.html'))
  } finally {
    await rm(workspace, { recursive: true, force: true })
  }
}

const runScript = (url: string, folder: string, { date, send }: Issue): Promise<boolean> =>
  new Promise((resolve) => {
    const place = ['--out', folder, '--api', `${url}/api/v1/promo`]
    const args = [script, ...place, '--date', date, '--send-id', send, '--recipients', String(recipients)]
    execFile('python3', args, { timeout: scriptDeadline }, (error) => resolve(error === null))
  })

async function plainNewsletter(app: PromoTracking, { date, send }: Issue): Promise<string> {
  const promo = await app.selectPromo({ newsletter_send_id: send })
  if (!promo.ok) return page(date, '<p>No promo today.</p>')
  const { offer_id, variation_id } = promo.value
  await app.reportImpression({ offer_id, variation_id, newsletter_send_id: send, recipients, event_id: null })
  return page(date, promoSection(promo.value))
}

const page = (date: string, content: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>The Daily Brief, ${date}</title>
</head>
<body style="max-width: 36rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif">
<h1>The Daily Brief</h1>
<p>A sample issue of ${date}, made for trying out promo tracking.</p>
${content}
</body>
</html>
`

const promoSection = ({ offer_name, text_content, cta_text, link }: Promo): string => `<section>
<p><small>Sponsored</small></p>
<h2>${escapeHtml(offer_name)}</h2>
<p>${escapeHtml(text_content).replaceAll('\n', '<br>')}</p>
<p><a href="${escapeHtml(link)}">${escapeHtml(cta_text ?? 'Read more')}</a></p>
</section>`

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
