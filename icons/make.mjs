// Draws every icon file from caisey.svg with the page tests' browser: `node icons/make.mjs` after `npm ci` in ui/.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { chromium } = createRequire(new URL('../ui/package.json', import.meta.url))('@playwright/test');
const here = (name) => new URL(name, import.meta.url);
const svg = readFileSync(here('caisey.svg'), 'utf8');
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const names = { 32: '32x32.png', 128: '128x128.png', 256: '128x128@2x.png', 512: 'icon.png' };
const drawn = {};
for (const size of [16, 32, 64, 128, 256, 512]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
  drawn[size] = await page.screenshot({ omitBackground: true });
  if (names[size]) writeFileSync(here(names[size]), drawn[size]);
  await page.close();
}
await browser.close();

// Windows: a directory of PNG images (accepted since Vista).
const sizes = [16, 32, 64, 128, 256];
const head = Buffer.alloc(6 + 16 * sizes.length);
head.writeUInt16LE(1, 2);
head.writeUInt16LE(sizes.length, 4);
let offset = head.length;
sizes.forEach((size, at) => {
  const entry = 6 + 16 * at;
  head.writeUInt8(size % 256, entry);
  head.writeUInt8(size % 256, entry + 1);
  head.writeUInt16LE(1, entry + 4);
  head.writeUInt16LE(32, entry + 6);
  head.writeUInt32LE(drawn[size].length, entry + 8);
  head.writeUInt32LE(offset, entry + 12);
  offset += drawn[size].length;
});
writeFileSync(here('icon.ico'), Buffer.concat([head, ...sizes.map((size) => drawn[size])]));

// macOS: typed blocks of PNG images.
const block = (kind, bytes) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length + 8);
  return Buffer.concat([Buffer.from(kind, 'latin1'), length, bytes]);
};
const blocks = [['ic11', 32], ['ic12', 64], ['ic07', 128], ['ic08', 256], ['ic09', 512]].map(([kind, size]) => block(kind, drawn[size]));
writeFileSync(here('icon.icns'), block('icns', Buffer.concat(blocks)));
