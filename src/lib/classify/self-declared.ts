import { isbot } from 'isbot'
import { anyOf } from './any-of.ts'

/** Programs that isbot takes for browsers: mail servers, page testers, shells, browsers without a window. */
const furtherMachines = anyOf(
  /^Microsoft Exchange\/|\bdataaccessd\/|\bGTmetrix\b|\bMiniature\.io\/|\bYLT Chrome\b|PowerShell\//,
  /\bjsdom\/|\bSlimerJS\b|\bZombie\.js\b|wkhtmlto|\bSiege\/|-batch\/|screenshot|thumbnail/,
  /\bSnapSearch\b|websnapr|webthumb|\bOwler\/|\bZOOM\.(?:Mac|Win)\b|-client[-/]\d|\bcriteo\b/,
  /yandex\.translate|extractor\b|catchpoint|neustar wpm|storebot|like gecko; compatible;/,
  /safari\/[\d.]+ \(compatible;/,
)

/** People's mail programs that give nothing but their name. */
const mailProgram = anyOf(
  /^(?:(?:Mac|Windows|Microsoft )?Outlook|[\w%! -]{0,30}mail(?:app|bar|mate|pc)?(?:[/ ]\d| ?\(|$))/,
  /^(?:\w*[ -]?Notes\/|Barca|Evolution|Trojita|Postbox|eM ?Client|The Bat!)/,
  /^(?:Spark(?: Desktop)?\/|Superhuman|Canary|Thunderbird|Roundcube|Mailbird|Alpine|Geary|Gnus)/,
  /^(?:Mutt\b|Wanderlust|Sylpheed|Newton|Nylas|Mailspring|Bloop|Becky|Sparrow|Polymail|Boxer)/,
  /^(?:Betterbird|Entourage|GroupWise|Claws|Balsa|Mulberry|Eudora)/,
  /^(?:Pegasus|Horde)/,
)

/** What phones, televisions, consoles and browsers inside an app say; some old phones begin with their maker's name. */
const personalDevice = anyOf(
  /android|\biP(?:hone|ad|od)|windows (?:phone|ce)|symbian|series ?[468]0|palmos|blackberry|MIDP|CLDC/,
  /\bMAUI|\bMRE\/|obigo|netfront|teleca|up\.(?:browser|link)|opera m(?:ini|obi)|ucweb|ucbrowser/,
  /mqqbrowser|j2me|dolfin|\bbada\/|\bBREW\b|wap-? ?browser|hbbtv|\broku|\bvizio|^\[fban\/|tv\b|tv[\d_]/,
  /tizen|web0s|netcast|netrange|bravia|\bvidaa|\bAFT\w|nintendo|playstation|xbox|sega\w*_|roblox/,
  /applenews|crkey/,
  /^(?:nokia|samsung|sec-|lge?[-/]|mot-|sie-|sonyericsson|docomo|kddi|j-phone|softbank|vodafone)/,
  /^(?:alcatel|sagem|philips|panasonic|sharp|sanyo|htc|huawei|zte|lenovo|benq|pantech|motorola)/,
  /^(?:palm|amoi)/,
)

/** Where an Android browser names its device, and what else names no program though it sounds so. */
const silent =
  /\(linux;(?: u;)? android [^)]*\)|google ?earth(?: pro)?|windows server \d[^;)]*|chromeframe\/?|firephp\/|javafx\//gi

/** What programs that pose as one of these devices add. */
const programWord = anyOf(
  /bots?\b|crawl|spider|https?:\/\/|www\.|@|headless|preview|fetch|monitor|checker|scan|lighthouse/,
  /speed|insights|ptst|pageburst|dareboost|adbeat|optimiz|-agent\b|weblight|http ?client|download|^ddg/,
  /^duckduckgo\/|newsblur|dmbrowser|imageproxy|google-|googleother|google search console|mediapartners/,
  /feed|python|okhttp|curl|library|inspect|^\w+\|/,
)

/** How browsers identify themselves, most of them at the beginning; the last ones are older than that convention. */
const browser = anyOf(
  /mozilla|opera|browser|explorer|gecko|webkit|khtml|msie|safari|firefox|outlook|office/,
  /networkingextension|\bedge\/|instagram|fban|ibrowse|voyager|lynx|links|w3m|dillo|icab|mosaic/,
  /netpositive|hotjava|amaya|biyubi/,
)

/** Rendering engines: a user agent that begins like a browser's but names none of them is a program's. */
const engine = anyOf(
  /gecko|goanna|rv:\d|webkit|khtml|msie|trident|presto|opera|netscape|compatible|\[\w\w|; [iun]\)/,
  /netfront|msoffice|office/,
)

/** Browsers that give nothing but their name, or are older than the common prefix. */
const bareBrowser = anyOf(
  /^(?:firefox|opera|ncsa[_ ]?mosaic|mosaic|hotjava|amaya|arachne|arena|aweb)(?:[/, (]|$)/,
  /^(?:ibrowse|voyager|cyberdog|camino|shiira|sunrise|omniweb|icab|briskbard)(?:[/, (]|$)/,
  /^(?:browsex|xiino|blazer|doris|dooble|ladybird|servo|flow|surf|uzbl|midori)(?:[/, (]|$)/,
  /^(?:galeon|konqueror|epiphany|netrik|retawq|edbrowse|emacs-w3m?|e?links|lynx|w3m)(?:[/, (]|$)/,
  /^(?:dillo|netsurf|netpositive|k-?meleon|maxthon|avant|sleipnir|lunascape|qtweb)(?:[/, (]|$)/,
  /^(?:otter|falkon|qutebrowser|pale ?moon|waterfox|basilisk|brave|vivaldi|ecosia)(?:[/, (]|$)/,
  /^(?:lilo|qwant\w*|chromium|safari|edge|[\w-]{1,20} ?browser)(?:[/, (]|$)/,
  /^(?:microsoft (?:pocket )?internet explorer|google(?:%20| )?earth\w*)(?:[/, (]|$)/,
  /^mozilla\/[1-4]\.\d+(?: \[\w\w\])? \((?:compatible; )?(?:msie|offbyone|x11|windows|macintosh)/,
)

/** What no browser of that time contains, although programs begin like it. */
const unlike = /winhttp|transcoder|\bby [\w.]+\.\w{2,4}\b|validator/i

/** Whether a user agent declares itself to be a program's. */
export function isSelfDeclared(userAgent: string): boolean {
  if (furtherMachines.test(userAgent)) return true
  if (mailProgram.test(userAgent)) return programWord.test(userAgent)
  const telling = userAgent.replace(silent, '')
  if (personalDevice.test(userAgent)) return programWord.test(telling) && isbot(userAgent)
  if (bareBrowser.test(userAgent)) return programWord.test(telling) || unlike.test(telling)
  return (
    isbot(telling) ||
    !browser.test(userAgent) ||
    (userAgent.startsWith('Mozilla/5') && !engine.test(userAgent))
  )
}
