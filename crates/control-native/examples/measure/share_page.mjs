// A shared record's page beside a plain page of the same words (no style, no script, no check), each opened in turn with an empty cache as a
// desk and as a phone: `node share_page.mjs LINK [PICTURES]`. Prints one JSON object: middle values, and ours divided by the plain page's.
//
// The phone has a screen of 390 by 844, a quarter of this machine's speed, and the network that Lighthouse gives phones (1.6 Mbit/s, 150 ms).
// The browser slows the page's own thread only: the worker in which the check runs is as fast as at the desk.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import { browser, say } from '../../../../tests/mail/browser.mjs';

const [link, pictures] = process.argv.slice(2);
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const PATIENCE_MS = 300_000;
const READERS = {
  desk: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};
const SLOW = { cpu: 4, network: { offline: false, latency: 150, downloadThroughput: 1_600_000 / 8, uploadThroughput: 750_000 / 8 } };

const chromium = await browser();
const control = await chromium.newBrowserCDPSession();

/** What the page notes of itself, from before its first byte on. */
function watch() {
  const seen = { tasks: [], shift: 0, paints: {}, verdicts: [] };
  globalThis.seen = seen;
  const observe = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
  observe('longtask', (one) => seen.tasks.push([one.startTime, one.duration]));
  observe('paint', (one) => (seen.paints[one.name] = one.startTime));
  observe('largest-contentful-paint', (one) => (seen.paints.largest = one.startTime));
  observe('layout-shift', (one) => (seen.shift += one.value));
  new MutationObserver(() => {
    const verdict = document.getElementById('verdict');
    const mood = verdict?.className.split(' ')[1];
    if (mood && mood !== seen.verdicts.at(-1)?.[0]) seen.verdicts.push([mood, performance.now()]);
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['class'] });
}

/** Between two frames while the page is scrolled through, in milliseconds. */
async function frames(page, cdp, width) {
  await page.evaluate(() => {
    globalThis.frames = [];
    let before = performance.now();
    const next = (at) => {
      globalThis.frames.push(at - before);
      before = at;
      globalThis.watching = requestAnimationFrame(next);
    };
    globalThis.watching = requestAnimationFrame(next);
  });
  await cdp.send('Input.synthesizeScrollGesture', { x: width / 2, y: 400, yDistance: -12_000, speed: 4_000, gestureSourceType: 'mouse' });
  const all = await page.evaluate(() => (cancelAnimationFrame(globalThis.watching), globalThis.frames.slice(1)));
  all.sort((a, b) => a - b);
  return { frames: all.length, middle_ms: all[all.length >> 1], p95_ms: all[Math.floor(all.length * 0.95)], longest_ms: all.at(-1) };
}

/** Resident memory of the only page's process: highest and present. */
async function memory() {
  const { processInfo } = await control.send('SystemInfo.getProcessInfo');
  const sizes = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => {
    try {
      const status = readFileSync(`/proc/${id}/status`, 'utf8');
      const of = (name) => Number(status.match(new RegExp(`${name}:\\s+(\\d+)`))?.[1] ?? 0) / 1024;
      return { peak_mb: of('VmHWM'), now_mb: of('VmRSS') };
    } catch {
      return { peak_mb: 0, now_mb: 0 };
    }
  });
  return sizes.reduce((a, b) => (a.peak_mb > b.peak_mb ? a : b), { peak_mb: 0, now_mb: 0 });
}

async function open(reader, url, { picture, checks, last } = {}) {
  const context = await chromium.newContext({ ...READERS[reader], serviceWorkers: 'block' });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Performance.enable');
  const requests = new Map();
  cdp.on('Network.responseReceived', ({ requestId, response }) => requests.set(requestId, { path: new URL(response.url).pathname, plain: 0, sent: 0 }));
  cdp.on('Network.dataReceived', ({ requestId, dataLength }) => requests.has(requestId) && (requests.get(requestId).plain += dataLength));
  cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => requests.has(requestId) && (requests.get(requestId).sent = encodedDataLength));
  // What the worker fetches is told to another session than the page's.
  page.on('requestfinished', async (request) => {
    const path = new URL(request.url()).pathname;
    if (/check\.(js|wasm)$/.test(path)) requests.set(path, { path, sent: (await request.sizes()).responseBodySize });
  });
  if (reader === 'phone') {
    await cdp.send('Network.emulateNetworkConditions', SLOW.network);
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOW.cpu });
  }
  await page.addInitScript(watch);
  await page.goto(url, { waitUntil: 'load', timeout: PATIENCE_MS });
  if (picture) await page.screenshot({ path: picture.replace('.png', '-first.png') });
  if (checks) await page.waitForSelector('#verdict.holds, #verdict.fails', { timeout: PATIENCE_MS, state: 'attached' });
  await page.waitForTimeout(500);
  const told = await page.evaluate(() => {
    const { responseStart, requestStart, loadEventEnd, domInteractive } = performance.getEntriesByType('navigation')[0];
    return { ...globalThis.seen, first_byte_ms: responseStart - requestStart, load_ms: loadEventEnd, interactive_ms: domInteractive, elements: document.querySelectorAll('*').length, height: document.documentElement.scrollHeight };
  });
  const { metrics } = await cdp.send('Performance.getMetrics');
  const metric = (name) => metrics.find((one) => one.name === name)?.value ?? 0;
  const first = told.paints['first-contentful-paint'] ?? 0;
  const shown = await memory();
  const scrolled = await frames(page, cdp, READERS[reader].viewport.width);
  const found = await page.evaluate((words) => {
    const began = performance.now();
    const found = globalThis.find(words);
    return [found, performance.now() - began];
  }, last);
  const sizes = [...requests.values()].filter(({ path }) => path !== '/favicon.ico');
  const files = Object.fromEntries(sizes.map(({ path, plain, sent }) => [path.startsWith('/s/') ? (path.endsWith('/pack') ? 'pack' : 'page') : path.split('/').at(-1) || 'page', { plain, sent }]));
  if (picture) await page.screenshot({ path: picture });
  let print;
  if (reader === 'desk') {
    const began = Date.now();
    const pdf = await page.pdf({ format: 'A4', ...(picture ? { path: picture.replace('.png', '.pdf') } : {}) });
    print = { print_ms: Date.now() - began, print_bytes: pdf.length };
  }
  await context.close();
  return {
    first_byte_ms: told.first_byte_ms,
    first_paint_ms: first,
    largest_paint_ms: told.paints.largest,
    load_ms: told.load_ms,
    verdict_ms: told.verdicts.find(([mood]) => mood === 'holds' || mood === 'fails')?.[1],
    longest_task_ms: Math.max(0, ...told.tasks.map(([, duration]) => duration)),
    blocking_ms: told.tasks.reduce((sum, [, duration]) => sum + duration - 50, 0),
    tasks: told.tasks.map(([at, duration]) => `${Math.round(at)}+${Math.round(duration)}`).join(' '),
    shift: told.shift,
    elements: told.elements,
    height_px: told.height,
    layout_ms: metric('LayoutDuration') * 1000,
    style_ms: metric('RecalcStyleDuration') * 1000,
    script_ms: metric('ScriptDuration') * 1000,
    heap_mb: metric('JSHeapUsedSize') / 1048576,
    ...shown,
    scroll_frames: scrolled.frames,
    scroll_middle_ms: scrolled.middle_ms,
    scroll_p95_ms: scrolled.p95_ms,
    scroll_longest_ms: scrolled.longest_ms,
    find_ms: found[1],
    found: Number(found[0]),
    sent_bytes: sizes.reduce((sum, { sent }) => sum + sent, 0),
    files,
    ...print,
  };
}

/** The same words without style, script and boxes: headings, paragraphs, and what was printed as it was printed. */
async function plainPage() {
  const page = await (await chromium.newContext({ javaScriptEnabled: true })).newPage();
  await page.route('**/share/page.js*', (route) => route.abort());
  await page.goto(link, { timeout: PATIENCE_MS });
  const plain = await page.evaluate(() => {
    const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
    const words = (one) => escape(one.textContent);
    const whole = 'h1, h2, h3, pre, li.entry > time, p, dt, dd, tr, .whom, summary';
    const parts = Array.from(document.querySelectorAll('body :is(h1, h2, h3, pre, time, p, dt, dd, tr, .whom, summary)'), (one) => {
      if (one.parentElement.closest(whole)) return '';
      const tag = /^(H\d|PRE)$/.test(one.tagName) ? one.tagName.toLowerCase() : 'p';
      const cells = one.tagName === 'TR' ? Array.from(one.cells, words).join(' · ') : one.className === 'whom' ? Array.from(one.children, words).join(' · ') : words(one);
      return `<${tag}>${cells}</${tag}>`;
    });
    return { body: parts.join('\n'), last: Array.from(document.querySelectorAll('li.entry pre.command')).at(-1)?.textContent.slice(0, 40) };
  });
  await page.context().close();
  return { html: `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>The same words</title>\n${plain.body}</html>`, last: plain.last };
}

const { html, last } = await plainPage();
const packed = gzipSync(html);
const server = createServer((_, answer) => {
  answer.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-encoding': 'gzip', 'content-length': packed.length, 'cache-control': 'no-store' });
  answer.end(packed);
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const plainUrl = `http://127.0.0.1:${server.address().port}/`;

const middle = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const round = (value) => (typeof value === 'number' ? Math.round(value * 1000) / 1000 : value);
function together(runs) {
  const names = Object.keys(runs[0]).filter((name) => typeof runs[0][name] === 'number');
  const figures = Object.fromEntries(names.map((name) => [name, round(middle(runs.map((run) => run[name])))]));
  return { ...figures, tasks: runs.at(-1).tasks, files: runs.at(-1).files };
}
const report = { rounds: ROUNDS };
const RATIOS = ['first_paint_ms', 'largest_paint_ms', 'load_ms', 'longest_task_ms', 'blocking_ms', 'peak_mb', 'scroll_p95_ms', 'find_ms', 'print_ms'];
for (const reader of Object.keys(READERS)) {
  const [ours, plain] = [[], []];
  for (let number = 0; number < ROUNDS; number += 1) {
    const picture = pictures && number === 0 ? `${pictures}/${reader}.png` : undefined;
    ours.push(await open(reader, link, { checks: true, last, picture }));
    plain.push(await open(reader, plainUrl, { last }));
  }
  const [shared, same] = [together(ours), together(plain)];
  const ratio = Object.fromEntries(RATIOS.filter((name) => shared[name] !== undefined && same[name]).map((name) => [name.replace(/_(ms|mb)$/, ''), round(shared[name] / same[name])]));
  report[reader] = { shared, plain: same, ratio };
}
await chromium.close();
server.close();
say(report);
