import { defineConfig } from '@playwright/test';

// The page on its in-memory host, in the system's Chromium. The real window has its own tests, in Rust.
export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  reporter: [['list']],
  workers: 2,
  timeout: 30_000,
  use: {
    baseURL: 'http://127.0.0.1:1421',
    viewport: { width: 1280, height: 800 },
    launchOptions: {
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    },
  },
  webServer: {
    command: 'npm run build:memory && npx vite preview --outDir dist-memory --host 127.0.0.1',
    url: 'http://127.0.0.1:1421',
    reuseExistingServer: false,
    timeout: 120_000,
  },
});
