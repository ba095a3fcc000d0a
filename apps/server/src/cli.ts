#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8'

// What is passed on lives in short-lived buffers outside the heap, which only a collection frees. A young generation that stays
// small collects often: large files then cost a third of the memory, and pass faster. It grows while modules are loaded, so this
// comes first.
setFlagsFromString('--semi-space-growth-factor=1')

const { runServer } = await import('./run-server.ts')
await runServer()
