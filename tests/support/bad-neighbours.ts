import type { FakeStrapi } from './fake-strapi.ts'

const tenMegabytes = Buffer.alloc(10 * 1024 * 1024, '[1,')
const garbage = Buffer.from('<html>\u0000 {"data": [{"id": "x"}], "status": 7}')

/** Ways in which a server can be of no use while it is there. */
export const badWays = ['hangs', 'garbage', '10 MB', 'circle'] as const

export type BadWay = (typeof badWays)[number]

export const badAnswers: Record<BadWay, FakeStrapi['answer']> = {
  hangs: () => {},
  garbage: (_, response) => response.end(garbage),
  '10 MB': (_, response) => response.end(tenMegabytes),
  circle: ({ url }, response) => response.writeHead(302, { location: `${url}` }).end(),
}
