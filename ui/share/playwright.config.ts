import { defineConfig } from '@playwright/test';
import shared from '../playwright.config';

// The page of shared records on a real control plane, which a test of crates/control-native starts and names in SHARES.
const { use } = shared;

export default defineConfig({ testDir: '.', testMatch: 'page.spec.ts', outputDir: '../test-results/share', reporter: [['list']], workers: 2, timeout: 120_000, expect: { timeout: 60_000 }, use: { ...use } });
