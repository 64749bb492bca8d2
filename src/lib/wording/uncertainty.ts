import type { Report } from '../model/report.ts'
import { count, percent, share } from './formats.ts'

/** What remains uncertain about the human clicks. */
export function uncertaintySentence({ summary, sends = [] }: Pick<Report, 'summary' | 'sends'>): string {
  const { human_clicks, uncertain_clicks, human_ctr, total_impressions } = summary
  const unseen = 'A scanner that behaves just like a person’s browser cannot be told apart from one.'
  if (human_clicks === 0) return unseen
  if (uncertain_clicks === 0) return `No click by a person shows any sign of a machine. ${unseen}`
  const one = uncertain_clicks === 1
  const said =
    `${count(uncertain_clicks)} of the clicks by people (${share(uncertain_clicks, human_clicks)}) ` +
    `${one ? 'shows' : 'show'} a weak sign of a machine.`
  if (uncertain_clicks <= sends.length)
    return `${said} That says little: the first click on each text of a send always shows one. ${unseen}`
  if (human_ctr === null || human_ctr > 100) return `${said} ${unseen}`
  const without = percent(((human_clicks - uncertain_clicks) / total_impressions) * 100)
  return (
    `${said} Without ${one ? 'it' : 'them'} the click rate would be ${without} instead of ` +
    `${percent(human_ctr)}; read the rate as somewhere between the two. ${unseen}`
  )
}
