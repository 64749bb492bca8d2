import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { steadyPort } from '../support/steady-port.ts'
import { waitFor } from '../support/wait.ts'

export type RunningProxy = {
  /** Where it speaks HTTP/2 over TLS, with a certificate that nobody knows. */
  url: string
  /** All that it wrote. */
  log: string[]
  stop(): Promise<void>
}

type Places = { site: string; port: number; plainPort: number; folder: string }

/** A file of `src/deploy`, as somebody who copies it would change it. */
type Recipe = {
  program: string
  file: string
  fill: (places: Places) => Record<string, string>
  /** What stands around the file where it is a part of another. */
  around?: (text: string, places: Places) => string
  args: (file: string, places: Places) => string[]
}

const nginx: Recipe = {
  program: 'nginx',
  file: 'nginx.conf',
  fill: ({ site, port, plainPort, folder }) => ({
    '127.0.0.1:4321': site,
    'listen 443': `listen 127.0.0.1:${port}`,
    'listen 80': `listen 127.0.0.1:${plainPort}`,
    'www.example.com;': 'localhost;',
    '/etc/ssl/certs/www.example.com.pem': join(folder, 'certificate.pem'),
    '/etc/ssl/private/www.example.com.key': join(folder, 'key.pem'),
  }),
  around: (text, { folder }) =>
    `pid ${folder}/nginx.pid; daemon off; error_log stderr; events {}\nhttp { access_log off; ${text} }`,
  args: (file, { folder }) => ['-p', folder, '-e', 'stderr', '-c', file],
}

const recipes = {
  HAProxy: {
    program: 'haproxy',
    file: 'haproxy.cfg',
    fill: ({ site, port, plainPort, folder }) => ({
      '127.0.0.1:4321': site,
      'bind :443': `bind 127.0.0.1:${port}`,
      'bind :80': `bind 127.0.0.1:${plainPort}`,
      'crt /etc/haproxy/www.example.com.pem': `crt ${folder}/both.pem`,
    }),
    args: (file) => ['-db', '-f', file],
  },
  nginx,
  'nginx that passes bodies on as they come': {
    ...nginx,
    around: (text, places) =>
      nginx.around?.(
        replaced(text, { 'client_max_body_size 16k': 'client_max_body_size 0; proxy_request_buffering off' }),
        places,
      ) ?? '',
  },
  Caddy: {
    program: 'caddy',
    file: 'Caddyfile',
    fill: ({ site, port, folder }) => ({
      '127.0.0.1:4321': site,
      'www.example.com {': `localhost:${port} {\n\ttls ${folder}/certificate.pem ${folder}/key.pem`,
    }),
    around: (text, { port, plainPort }) =>
      `{\n\tadmin off\n\thttps_port ${port}\n\thttp_port ${plainPort}\n}\n${text}`,
    args: (file) => ['run', '--adapter', 'caddyfile', '--config', file],
  },
} satisfies Record<string, Recipe>

export type ProxyName = keyof typeof recipes
export const proxyNames: ProxyName[] = [
  'HAProxy',
  'nginx',
  'nginx that passes bodies on as they come',
  'Caddy',
]

/** Why a proxy cannot be started here, or `undefined`. */
export function missingFor(name: ProxyName): string | undefined {
  const programs = [recipes[name].program, 'openssl']
  const missing = programs.find((program) => spawnSync('which', [program]).status !== 0)
  return missing && `${missing} is not installed`
}

/** Replaces each text wherever it stands outside of comments; one that is not there is an error of the recipe. */
function replaced(text: string, replacements: Record<string, string>): string {
  const lines = text.split('\n')
  for (const [old, changed] of Object.entries(replacements)) {
    const at = lines.flatMap((line, index) => (!/^\s*#/.test(line) && line.includes(old) ? [index] : []))
    if (at.length === 0) throw new Error(`"${old}" is not in the file any more`)
    for (const index of at) lines[index] = lines[index]?.replaceAll(old, changed) ?? ''
  }
  return lines.join('\n')
}

/** The file of `src/deploy` in front of the site, on a free port unless one is given. */
export async function startProxy(name: ProxyName, siteUrl: string, given?: number): Promise<RunningProxy> {
  const recipe: Recipe = recipes[name]
  const folder = mkdtempSync(join(tmpdir(), 'promo-proxy-'))
  const port = given ?? (await steadyPort())
  const places = { site: new URL(siteUrl).host, port, plainPort: await steadyPort(), folder }
  makeCertificate(folder)
  const text = replaced(readFileSync(join('src/deploy', recipe.file), 'utf8'), recipe.fill(places))
  const file = join(folder, recipe.file)
  writeFileSync(file, recipe.around?.(text, places) ?? text)
  const child = spawn(recipe.program, recipe.args(file, places), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: folder },
  })
  const exited = once(child, 'exit')
  const log: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => log.push(String(chunk)))
  const stop = async (): Promise<void> => {
    if (child.exitCode === null) child.kill('SIGTERM')
    await exited
    rmSync(folder, { recursive: true, force: true })
  }
  await waitFor(
    () => (child.exitCode === null ? opens(port) : Promise.reject(new Error('it has ended'))),
    50,
  ).catch(async (error: unknown) => {
    await stop()
    throw new Error(`${recipe.program} does not start: ${log.join('')}`, { cause: error })
  })
  return { url: `https://localhost:${port}`, log, stop }
}

const opens = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve()
    })
    socket.on('error', reject)
  })

function makeCertificate(folder: string): void {
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const algorithm = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const args = ['req', '-x509', ...algorithm, ...names, '-keyout', key, '-out', certificate]
  const made = spawnSync('openssl', args, { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`openssl made no certificate: ${made.stderr}`)
  writeFileSync(join(folder, 'both.pem'), readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'))
}
