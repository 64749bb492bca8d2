import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readPromoVar } from '../../src/lib/redirect/promo-var.ts'
import { blocksOf } from '../../src/lib/selection/blocks.ts'

const promo = {
  text_content: 'Build your dream startup',
  cta_text: 'Build Now →',
  link: 'https://site.example/nocodemba?promo_var=42&utm_source=newsletter',
}

describe('the blocks of a promo', () => {
  test('are the requested ones', () => {
    const html =
      '<p>Build your dream startup</p>\n' +
      '<p><a href="https://site.example/nocodemba?promo_var=42&amp;utm_source=newsletter">Build Now →</a></p>'
    const text =
      'Build your dream startup\n\nBuild Now →\nhttps://site.example/nocodemba?promo_var=42&utm_source=newsletter'
    expect(blocksOf(promo, undefined)).toEqual({})
    expect(blocksOf(promo, 'html')).toEqual({ html })
    expect(blocksOf(promo, 'text')).toEqual({ text })
    expect(blocksOf(promo, 'html,text')).toEqual({ html, text })
  })

  test.each([null, '', ' \n '])('are one link if there is no call to action: %j', (cta_text) => {
    expect(blocksOf({ ...promo, cta_text }, 'html,text')).toEqual({
      html:
        '<p><a href="https://site.example/nocodemba?promo_var=42&amp;utm_source=newsletter">Build your ' +
        'dream startup</a></p>',
      text: `Build your dream startup\n${promo.link}`,
    })
  })

  test('escape HTML, and keep line breaks', () => {
    const blocks = blocksOf(
      {
        text_content: ' <b>"A" & \'B\'\r\n&amp; C\u2028D\n',
        cta_text: 'Buy\n<now>',
        link: 'https://x.example/"?a=\'&b',
      },
      'html,text',
    )
    expect(blocks).toEqual({
      html:
        '<p>&lt;b&gt;&quot;A&quot; &amp; &#39;B&#39;<br>&amp;amp; C<br>D</p>\n' +
        '<p><a href="https://x.example/&quot;?a=&#39;&amp;b">Buy &lt;now&gt;</a></p>',
      text: '<b>"A" & \'B\'\n&amp; C\nD\n\nBuy <now>\nhttps://x.example/"?a=\'&b',
    })
  })

  test('take every kind of line break, and no letter, for one', () => {
    const text_content = 'A\r\nB\rC\nD\vV\fF\u0085G\u2028H\u2029I'
    const lines = ['A', 'B', 'C', 'D', 'V', 'F', 'G', 'H', 'I']
    expect(blocksOf({ ...promo, text_content, cta_text: 'Buy' }, 'html,text')).toMatchObject({
      html: expect.stringContaining(`<p>${lines.join('<br>')}</p>`),
      text: expect.stringContaining(`${lines.join('\n')}\n\nBuy`),
    })
  })

  test('leave tokens for the mail software to fill in', () => {
    const text_content = 'Hello {contactfield=firstname|friend}'
    expect(blocksOf({ ...promo, text_content }, 'html,text')).toMatchObject({
      html: expect.stringContaining(`<p>${text_content}</p>`),
      text: expect.stringContaining(text_content),
    })
  })

  test('keep the link readable for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.option(fc.string({ unit: 'binary' })),
        (text_content, cta_text) => {
          const { html = '', text = '' } = blocksOf({ ...promo, text_content, cta_text }, 'html,text')
          const hrefs = [...html.matchAll(/href="([^"]*)"/g)].map(([, href = '']) => href)
          expect(hrefs).toEqual([promo.link.replace('&', '&amp;')])
          expect(html.replace(/<\/?p>|<br>|<a href="[^"]*">|<\/a>/g, '')).not.toMatch(/[<>"']/)
          const last = text.split('\n').at(-1) ?? ''
          expect(readPromoVar(new URL(last).search.slice(1))).toEqual({ variationId: 42, damaged: false })
        },
      ),
    )
  })
})
