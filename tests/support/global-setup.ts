import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import { migrate } from '../../src/lib/database/migrate.ts'
import { removeLeftServers, startTestServer } from './postgres-server.ts'

declare module 'vitest' {
  interface ProvidedContext {
    serverUrl: string
    templateName: string
  }
}

/** One server for all test files, and a migrated database on it that each of them clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  removeLeftServers()
  const given = process.env.TEST_DATABASE_URL
  const server = given ? undefined : await startTestServer()
  const serverUrl = given ?? server?.url ?? ''
  const templateName = `promo_template_${process.pid}`
  const admin = postgres(serverUrl, { max: 1, onnotice: () => {} })
  await admin`create database ${admin(templateName)}`
  const template = postgres(databaseUrl(serverUrl, templateName), { max: 1, onnotice: () => {} })
  await migrate(template)
  await template.end()
  project.provide('serverUrl', serverUrl)
  project.provide('templateName', templateName)
  return async () => {
    await admin`drop database if exists ${admin(templateName)} with (force)`
    await admin.end()
    await server?.remove()
  }
}

export function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}
