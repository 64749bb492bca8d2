/** Texts that scanners of mail are known to send year after year, whatever the browsers of people do meanwhile. */
const knownTexts = [
  // Microsoft's scanners and Gmail's samples: https://github.com/mssola/user_agent/issues/71
  'Chrome/42.0.2311.135 Safari/537.36 Edge/12.246',
  'Chrome/79.0.3945.136 Safari/537.36',
  'Chrome/79.0.3945.74 Safari/537.36 Edg/79.0.309.43',
]

/** Versions below these are of 2016 and before: ten years on, hardly anyone has one of them on a desktop. */
const oldestAlive = { Chrome: 50, Firefox: 46, MSIE: 10, Edge: 14 }

const desktop = /Windows (?!Phone|CE)|Macintosh|X11; (?!CrOS)/
const version = /\b(Chrome|Firefox|MSIE|Edge)[/ ](\d{1,3})/g
/** Outlook draws its own windows by an old engine and says so; televisions are as old as they are. */
const excepted = /ms-office|MSOffice|Microsoft Outlook|Outlook-Express|SMART-TV|SmartTV|\bTV\b/

/**
 * Whether a user agent is of the kind that scanners of mail pretend with: a known text, or a desktop browser that has
 * been dead for a decade. A weak sign only, since old machines of people are real.
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
