/** Ways to places that several tests start from. */
import { expect, type Page } from '@playwright/test';

/** From the first start to the ways that an address offers. */
export async function toWays(page: Page, address: string): Promise<void> {
  await page.getByRole('button', { name: /Sign in to a control plane/ }).click();
  await page.getByLabel(/Address/).fill(address);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Change' })).toBeVisible();
}

/** The installer tokens, from anywhere in the console. */
export async function toInstallers(page: Page): Promise<void> {
  await expect(page.getByRole('contentinfo')).toBeVisible();
  await page.keyboard.press('Control+4');
  await page.getByRole('tab', { name: 'Installer tokens' }).click();
}
