import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Asks for the interface's face together with the script, so that it is there when the first words are laid out. */
const facesEarly: Plugin = {
  name: 'faces-early',
  transformIndexHtml: (_, { bundle }) =>
    Object.keys(bundle ?? {})
      .filter((file) => /inter-latin-wght.*\.woff2$/.test(file))
      .map((file) => ({ tag: 'link', attrs: { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: true, href: `./${file}` }, injectTo: 'head' })),
};

// `--mode memory` builds the page against the in-memory host, for page tests and for work on the page without the desktop.
export default defineConfig({
  plugins: [svelte(), facesEarly],
  clearScreen: false,
  base: './',
  server: { port: 1420, strictPort: true },
  preview: { port: 1421, strictPort: true },
  // No inlined assets: the content security policy allows no data: fonts, and nothing is fetched from elsewhere.
  // What the first screen needs is one script and one stylesheet, every other page another of each: what the program carries within itself
  // costs less to read than to ask for piece by piece.
  build: {
    target: ['es2022', 'safari17'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 400,
  },
  test: { include: ['src/**/*.test.ts'] },
});
