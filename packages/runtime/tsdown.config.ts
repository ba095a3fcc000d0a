import { defineConfig } from 'tsdown'

// Everything is in it: a sandbox has no node_modules.
export default defineConfig({
  entry: { runtime: 'src/main.ts' },
  format: 'esm',
  platform: 'node',
  target: 'node24',
  outDir: 'dist',
  clean: true,
  dts: false,
  minify: true,
  fixedExtension: true,
  // What most sandboxes never need is a file of its own, which only its first use reads.
  outputOptions: { chunkFileNames: '[name].mjs' },
  inputOptions: { resolve: { conditionNames: ['@runtime-sandbox/source', 'node', 'import'] } },
  deps: { alwaysBundle: [/.*/] },
  copy: [{ from: 'src/kernel/kernel_host.py', to: 'dist' }],
})
