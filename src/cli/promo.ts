#!/usr/bin/env node
import '../server/check-node.mjs'
import { main } from './main.ts'

process.exitCode = await main(process.argv.slice(2))
