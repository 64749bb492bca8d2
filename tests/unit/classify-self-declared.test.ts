import { describe, expect, test } from 'vitest'
import { isSelfDeclared } from '../../src/lib/classify/self-declared.ts'

const chrome =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

/** The user agents that are taken for a program's. */
const programsIn = (userAgents: readonly string[]) => userAgents.filter(isSelfDeclared)

describe('a program', () => {
  test.each([
    ...['dataaccessd/1.0', 'GTmetrix', 'Miniature.io/1', 'YLT Chrome', 'PowerShell/7', 'jsdom/22'],
    ...['SlimerJS', 'Zombie.js', 'wkhtmltopdf', 'Siege/4', 'ab-batch/1', 'Screenshot', 'Thumbnail'],
    ...['SnapSearch', 'websnapr', 'webthumb', 'Owler/1', 'ZOOM.Mac', 'ZOOM.Win', 'mail-client/5'],
    ...['mail-client-5', 'Criteo', 'yandex.translate', 'Extractor', 'Catchpoint', 'Neustar WPM', 'Storebot'],
    ...['(like Gecko; compatible; x)', '(compatible; x)'],
  ])('is known by "%s" in a browser’s user agent', (name) => {
    expect([chrome, `${chrome} ${name}`].map(isSelfDeclared)).toEqual([false, true])
  })

  test.each([
    ...[
      'Webmail/1',
      'Notes/9',
      'Thunderbird/128',
      'Mutt/2',
      'Betterbird/128',
      'Pegasus',
      'Samsung',
      'Huawei',
    ],
    ...[
      'Palm',
      'Arena/1',
      'Camino/1',
      'Servo/1',
      'Galeon/2',
      'NetSurf/3',
      'Falkon/3',
      'Qwant/4',
      'GoogleEarth/7',
    ],
  ])('is one still if it mentions %s', (name) => {
    expect(programsIn([`Dart/3.1 (dart:io) ${name}`])).toHaveLength(1)
  })

  test.each(['facebookexternalhit/1.1 [FBAN/FBIOS]', 'Media Proxy/1 Mozilla/4.0 (Windows NT 5.1)'])(
    'is one still if it poses as a person’s: %s',
    (userAgent) => expect(programsIn([userAgent])).toHaveLength(1),
  )

  test.each([
    ...['Mybot', 'Bots', 'Crawler', 'Spider', 'http://m.example', 'https://m.example', 'www.m.example'],
    ...['a@m.example', 'Headless', 'Preview', 'Prefetch', 'Monitor', 'Checker', 'Scan', 'Lighthouse'],
    ...['Speed', 'Insights', 'PTST', 'Pageburst', 'Dareboost', 'Adbeat', 'Optimizer', 'user-agent'],
    ...['Weblight', 'HTTPClient', 'HTTP Client', 'Download', 'Newsblur', 'DMBrowser', 'ImageProxy'],
    ...['Google-Read-Aloud', 'GoogleOther', 'Google Search Console', 'Mediapartners', 'Feed', 'Python'],
    ...['okhttp', 'curl', 'Library', 'Inspect'],
  ])('is known by "%s" in a mail program’s user agent', (word) => {
    expect(['Thunderbird/128', `Thunderbird/128 ${word}`].map(isSelfDeclared)).toEqual([false, true])
  })

  test.each(['DDG-Android/5 (Android 14)', 'DuckDuckGo/5 (Android 14)', 'app|Android|14'])(
    'is known by the beginning of "%s"',
    (userAgent) => expect(programsIn([userAgent])).toHaveLength(1),
  )

  test.each(['WinHTTP', 'Transcoder', 'by m.info', 'by maker.info', 'Validator'])(
    'is known by "%s" in the user agent of a browser that gives only its name',
    (word) => expect(['Galeon/2.0', `Galeon/2.0 ${word}`].map(isSelfDeclared)).toEqual([false, true]),
  )

  test('begins like a browser and names none of the engines', () => {
    expect(programsIn(['Mozilla/5.0', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)'])).toHaveLength(2)
  })
})

describe('a person', () => {
  test.each([
    ...[
      'Outlook 16',
      'Outlook',
      'MacOutlook/16.1',
      'WindowsOutlook/1',
      'Microsoft Outlook 16.0',
      'Mail/3445',
    ],
    ...[
      'Airmail 5',
      'Webmail (x)',
      'Webmail(x)',
      'Webmail',
      'MailApp/1',
      'MailBar/1',
      'MailMate/1',
      'MailPC/1',
    ],
    ...[
      'Yahoo%20Mail/1',
      'Yahoo! Mail/1',
      'K-9 Mail/6',
      'Notes/9',
      'LotusNotes/9',
      'Lotus Notes/9',
      'Lotus-Notes/6',
    ],
    ...['Barca/2', 'Evolution 3', 'Trojita/0.7', 'Trojita 0.7', 'Postbox/7', 'eMClient/9', 'eM Client/9'],
    ...['The Bat! 9', 'Spark/3', 'Spark Desktop/3', 'Superhuman', 'Canary', 'Thunderbird/128', 'Roundcube'],
    ...[
      'Mailbird',
      'Alpine 2',
      'Geary/44',
      'Gnus/5',
      'Mutt/2',
      'Wanderlust/2',
      'Sylpheed 3',
      'Newton',
      'Nylas',
    ],
    ...['Mailspring/1', 'Bloop', 'Becky! 2', 'Sparrow', 'Polymail', 'Boxer', 'Betterbird/128', 'Entourage'],
    ...['GroupWise', 'Claws Mail 4', 'Balsa 2', 'Mulberry/4', 'Eudora', 'Pegasus', 'Horde'],
  ])('may use the mail program %s, which gives only its name', (userAgent) => {
    expect(programsIn([userAgent])).toEqual([])
  })

  test.each([
    ...[
      'Android 9',
      'iPhone',
      'iPad',
      'iPod',
      'Windows Phone 8',
      'Windows CE',
      'Symbian',
      'Series60',
      'Series 40',
    ],
    ...['Series80', 'PalmOS', 'BlackBerry8520', 'MIDP-2.0', 'CLDC-1.1', 'MAUI', 'MRE/3', 'Obigo', 'NetFront'],
    ...['Teleca', 'UP.Browser', 'UP.Link', 'Opera Mini', 'Opera Mobi', 'UCWEB', 'UCBrowser', 'MQQBrowser'],
    ...[
      'J2ME',
      'Dolfin',
      'Bada/2',
      'BREW',
      'WapBrowser',
      'Wap Browser',
      'Wap-Browser',
      'HbbTV',
      'Roku',
      'Vizio',
    ],
    ...['Apple TV', 'TV5', 'TV_x', 'Tizen', 'Web0S', 'NetCast', 'NetRange', 'Bravia', 'Vidaa', 'AFTB'],
    ...['Nintendo', 'PlayStation', 'Xbox', 'Sega_x', 'SegaSaturn_1', 'Roblox', 'AppleNews', 'CrKey'],
  ])('may use a device that says "%s"', (name) => {
    expect([`M1/1.0 (${name})`, 'M1/1.0 (x)'].map(isSelfDeclared)).toEqual([false, true])
  })

  test.each([
    ...[
      'Nokia3310',
      'SAMSUNG-X',
      'SEC-X',
      'LG-X',
      'LGE-X',
      'LG/X',
      'MOT-X',
      'SIE-X',
      'SonyEricssonX',
      'DoCoMo/2.0',
    ],
    ...[
      'KDDI-X',
      'J-PHONE/3',
      'SoftBank/1',
      'Vodafone/1',
      'Alcatel-X',
      'SAGEM-X',
      'PHILIPS-X',
      'Panasonic-X',
    ],
    ...['SHARP-X', 'SANYO-X', 'HTC-X', 'HUAWEI-X', 'ZTE-X', 'Lenovo-X', 'BenQ-X', 'PANTECH-X', 'motorola-X'],
    ...['Palm-X', 'Amoi-X', '[FBAN/x]'],
  ])('may use a device whose name begins with %s', (name) => {
    expect(programsIn([name])).toEqual([])
  })

  test.each(['DuckDuckGo/5', 'Ddg/17', 'some|app'])('may have %s on a device that is called "bot"', (app) => {
    const phone = 'Mozilla/5.0 (Linux; Android 7.0; M bot 60) AppleWebKit/537.36 (KHTML, like Gecko)'
    expect(programsIn([`${phone} ${app} Safari/537.36`])).toEqual([])
  })

  test.each([
    ...[
      'firefox',
      'opera',
      'ncsa mosaic',
      'ncsa_mosaic',
      'ncsamosaic',
      'mosaic',
      'hotjava',
      'amaya',
      'arachne',
    ],
    ...['arena', 'aweb', 'ibrowse', 'voyager', 'cyberdog', 'camino', 'shiira', 'sunrise', 'omniweb', 'icab'],
    ...[
      'briskbard',
      'browsex',
      'xiino',
      'blazer',
      'doris',
      'dooble',
      'ladybird',
      'servo',
      'flow',
      'surf',
      'uzbl',
    ],
    ...['midori', 'galeon', 'konqueror', 'epiphany', 'netrik', 'retawq', 'edbrowse', 'emacs-w3', 'emacs-w3m'],
    ...[
      'links',
      'elinks',
      'lynx',
      'w3m',
      'dillo',
      'netsurf',
      'netpositive',
      'kmeleon',
      'k-meleon',
      'maxthon',
    ],
    ...['avant', 'sleipnir', 'lunascape', 'qtweb', 'otter', 'falkon', 'qutebrowser', 'palemoon', 'pale moon'],
    ...[
      'waterfox',
      'basilisk',
      'brave',
      'vivaldi',
      'ecosia',
      'lilo',
      'qwant',
      'qwantmobile',
      'chromium',
      'safari',
    ],
    ...[
      'edge',
      'my-browser',
      'my browser',
      'microsoft internet explorer',
      'microsoft pocket internet explorer',
    ],
    ...['google earth', 'googleearth', 'google%20earth', 'googleearthwin'],
  ])('may use %s, which gives only its name and perhaps a version', (name) => {
    const ends = ['', '/1.0', ' 1.0', '(x)', ', x']
    expect(programsIn(ends.map((end) => `${name}${end}`))).toEqual([])
  })

  test.each([
    'Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; Media Proxy)',
    'Mozilla/4.77 [en] (X11; U; Linux; Media Proxy)',
    'Mozilla/3.01 (Macintosh; I; PPC; Media Proxy)',
    'Mozilla/4.7 (compatible; OffByOne; Windows 2000)',
    'Mozilla/4.76 [de] (Windows NT 5.0; Media Proxy)',
    'Mozilla/3.0 (Planetweb/2.606 JS SSL US Gold; Dreamcast US)',
  ])('may use an old browser: %s', (userAgent) => expect(programsIn([userAgent])).toEqual([]))

  test.each([
    ...['Gecko', 'Goanna', 'rv:1', 'WebKit', 'KHTML', 'MSIE', 'Trident', 'Presto', 'Opera', 'Netscape'],
    ...['compatible', '[en', 'X11; I)', 'X11; U)', 'X11; N)', 'NetFront', 'MSOffice'],
  ])('has a browser that names the engine "%s"', (engine) => {
    expect(programsIn([`Mozilla/5.0 (M1 x) ${engine}`])).toEqual([])
  })

  test.each([
    'Google Earth/7.3',
    'GoogleEarth/7.3',
    'Google Earth Pro/7.3',
    'Windows Server 2003',
    'Windows Server 2012 R2; x64',
    'Windows Server 2012 Server Core',
    'Microsoft Exchange/15',
    'chromeframe',
    'chromeframe/32',
    'FirePHP/0.4',
    'JavaFX/8',
  ])('has a browser that says "%s", as no program does', (text) => {
    expect(programsIn([`${chrome} (x; ${text})`])).toEqual([])
  })
})
