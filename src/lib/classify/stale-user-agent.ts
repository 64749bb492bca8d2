/** User agents that mail scanners are known to send year after year, whatever people's browsers do. */
const knownTexts = [
  // Microsoft's scanners and Gmail's samples: https://github.com/mssola/user_agent/issues/71
  'Chrome/42.0.2311.135 Safari/537.36 Edge/12.246',
  'Chrome/79.0.3945.136 Safari/537.36',
  'Chrome/79.0.3945.74 Safari/537.36 Edg/79.0.309.43',
]

/** Versions below these are from 2016 or earlier: ten years later, hardly anyone has one on a desktop. */
const oldestAlive = { Chrome: 50, Firefox: 46, MSIE: 10, Edge: 14 }

const desktop = /Windows (?!Phone|CE)|Macintosh|X11; (?!CrOS)/
const version = /\b(Chrome|Firefox|MSIE|Edge)[/ ](\d{1,3})/g
/** Outlook renders with an old engine and says so; televisions are never updated. */
const excepted = /ms-office|MSOffice|Microsoft Outlook|Outlook-Express|SMART-TV|SmartTV|\bTV\b/

/**
 * Whether a user agent is of the kind that mail scanners pretend to be: a known one, or a desktop browser that has been
 * obsolete for a decade. Only a weak sign, since some people have old machines.
 */
export function isStale(userAgent: string): boolean {
  if (knownTexts.some((text) => userAgent.includes(text))) return true
  if (!desktop.test(userAgent) || excepted.test(userAgent)) return false
  const versions = [...userAgent.matchAll(version)]
  return versions.some(([, name, number]) => Number(number) < oldestOf(name))
}

function oldestOf(name: string | undefined): number {
  switch (name) {
    case 'Chrome':
      return oldestAlive.Chrome
    case 'Firefox':
      return oldestAlive.Firefox
    case 'MSIE':
      return oldestAlive.MSIE
    default:
      return oldestAlive.Edge
  }
}
