/** Opens the page on the in-memory host and checks it with axe. */
import { createRequire } from 'node:module';
import { expect, type Page } from '@playwright/test';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Opens the page; any error that it throws or logs fails the test. */
export async function open(page: Page, query = ''): Promise<void> {
  page.on('pageerror', (error) => {
    throw error;
  });
  page.on('console', (message) => {
    if (message.type() === 'error') throw new Error(message.text());
  });
  await page.goto(`/${query}`);
}

interface Finding {
  id: string;
  impact: string | null;
  nodes: { html: string; failureSummary?: string }[];
}

/** No serious or critical finding of axe-core on what is shown now. */
export async function accessible(page: Page): Promise<void> {
  // A colour that is still fading in is not the colour that anybody reads.
  await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== 'running' || one.effect?.getTiming().iterations === Infinity));
  await page.addScriptTag({ path: axe });
  const findings = await page.evaluate(async () => {
    const run = (window as unknown as { axe: { run: () => Promise<{ violations: Finding[] }> } }).axe.run;
    return (await run()).violations;
  });
  const serious = findings.filter((finding) => finding.impact === 'serious' || finding.impact === 'critical');
  expect(serious.map((finding) => `${finding.id}: ${finding.nodes.map((node) => `${node.html}\n${node.failureSummary ?? ''}`).join('\n')}`)).toEqual([]);
}
