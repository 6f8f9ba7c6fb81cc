#!/usr/bin/env node
// A person at a browser, without the browser: follows redirects, keeps cookies, fills in forms, and ends at the page that the console shows.
// Who it is comes from CAISEY_PERSON; `CAISEY_PERSON=nobody` cancels instead of signing in.
const me = process.env.CAISEY_PERSON ?? 'ana';
const cookies = new Map();
let next = { url: process.argv[2], form: null };

for (let step = 0; step < 20; step += 1) {
  const place = new URL(next.url);
  const answer = await fetch(place, {
    redirect: 'manual',
    method: next.form ? 'POST' : 'GET',
    body: next.form,
    headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
  });
  for (const set of answer.headers.getSetCookie()) {
    const [pair] = set.split(';');
    const at = pair.indexOf('=');
    cookies.set(pair.slice(0, at), pair.slice(at + 1));
  }
  const to = answer.headers.get('location');
  if (to) {
    next = { url: new URL(to, place).href, form: null };
    continue;
  }
  const page = await answer.text();
  if (place.pathname === '/signed-in') {
    process.stdout.write(`${answer.status} ${/<h1>(.*?)<\/h1>/.exec(page)?.[1] ?? page}\n`);
    process.exit(answer.ok ? 0 : 1);
  }
  const form = /<form[^>]*action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/.exec(page);
  if (!form) throw new Error(`${place.href}: ${answer.status} ${page.replace(/<style[\s\S]*?<\/style>|<[^>]+>/g, ' ').replace(/\s+/g, ' ').slice(0, 600)}`);
  const abort = /href="([^"]+\/abort)"/.exec(page);
  if (me === 'nobody' && abort) {
    next = { url: new URL(abort[1], place).href, form: null };
    continue;
  }
  const fields = new URLSearchParams();
  for (const [, attributes] of form[2].matchAll(/<input([^>]*)>/g)) {
    const name = /name="([^"]+)"/.exec(attributes)?.[1];
    if (name) fields.set(name, /value="([^"]*)"/.exec(attributes)?.[1] ?? (name === 'password' ? 'anything' : me));
  }
  next = { url: new URL(form[1], place).href, form: fields };
}
throw new Error(`still not back after 20 pages, at ${next.url}`);
