import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import * as v from 'valibot'

const manifestSchema = v.looseObject({ name: v.string(), version: v.string() })

/** A registry that has a packed package as if it were published, and sends for all others to the one in use. */
export async function startRegistry(tarball: string): Promise<{ url: string; close: () => void }> {
  const packed = readFileSync(tarball)
  const unpacked = execFileSync('tar', ['-xzOf', tarball, 'package/package.json'], { encoding: 'utf8' })
  const manifest = v.parse(manifestSchema, JSON.parse(unpacked))
  const { name, version } = manifest
  const others = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim()
  const integrity = `sha512-${createHash('sha512').update(packed).digest('base64')}`
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    const own = { ...manifest, dist: { tarball: `http://${request.headers.host}/packed.tgz`, integrity } }
    const send = (value: unknown): void => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(value))
    }
    if (path === '/packed.tgz') response.end(packed)
    else if (path === `/${name}/latest` || path === `/${name}/${version}`) send(own)
    else if (path === `/${name}`)
      send({ name, 'dist-tags': { latest: version }, versions: { [version]: own } })
    else if (path.endsWith(`/${name}/latest`)) response.writeHead(404).end()
    else response.writeHead(302, { location: new URL(path.slice(1), others).href }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() }
}
