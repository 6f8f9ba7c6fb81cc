import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// `--mode memory` builds the page against the in-memory host, for page tests and for work on the page without the desktop.
export default defineConfig({
  plugins: [svelte()],
  clearScreen: false,
  base: './',
  server: { port: 1420, strictPort: true },
  preview: { port: 1421, strictPort: true },
  // No inlined assets: the content security policy allows no data: fonts, and nothing is fetched from elsewhere.
  build: { target: ['es2022', 'safari17'], assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 200 },
  test: { include: ['src/**/*.test.ts'] },
});
