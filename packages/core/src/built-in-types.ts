import type { SandboxTypeOptions } from './sandbox-type.ts'

/** A type that needs no registration: the name of its image, and its options. */
export type BuiltInType = SandboxTypeOptions & { imageName: string }

/** The types that every deployment knows, with the limits and levels of the wire contract. */
export const builtInTypes: readonly BuiltInType[] = [
  { sandboxType: 'base', imageName: 'runtime-sandbox-base', description: 'Shell, Python and files' },
  {
    sandboxType: 'gui',
    imageName: 'runtime-sandbox-gui',
    description: 'A desktop, and a tool that uses it',
    resourceLimits: { shm: '512m', pids: 1024 },
  },
  {
    sandboxType: 'browser',
    imageName: 'runtime-sandbox-browser',
    description: 'A browser on a desktop, driven by tools',
    resourceLimits: { shm: '1g', pids: 1024 },
  },
  {
    sandboxType: 'filesystem',
    imageName: 'runtime-sandbox-filesystem',
    description: 'File tools, on a desktop',
    resourceLimits: { shm: '512m', pids: 1024 },
  },
  {
    sandboxType: 'mobile',
    imageName: 'runtime-sandbox-mobile',
    description: 'An Android device',
    securityLevel: 'low',
    runtimeConfig: { privileged: true },
  },
  {
    sandboxType: 'appworld',
    imageName: 'runtime-sandbox-appworld',
    description: 'AppWorld training environment',
    resourceLimits: { shm: '5.06gb' },
  },
  {
    sandboxType: 'bfcl',
    imageName: 'runtime-sandbox-bfcl',
    description: 'BFCL training environment',
    resourceLimits: { shm: '8.06gb' },
  },
]
