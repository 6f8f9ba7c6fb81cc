import './theme/base.css';
import { mount } from 'svelte';
import { AppState } from './app/state.svelte';
import { theme } from './app/theme.svelte';
import App from './App.svelte';
import { connectHost } from './platform';

/** How long the first answer may take before something else is drawn: longer than it ever takes, shorter than anybody wonders. */
const SOON_MS = 250;

theme.apply();
const target = document.getElementById('app');
if (target) {
  const app = new AppState(connectHost());
  // Nothing is drawn twice when one answer is waited for.
  await Promise.race([app.begin(), new Promise((late) => setTimeout(late, SOON_MS))]);
  mount(App, { target, props: { app } });
  // After two frames the window has been painted.
  requestAnimationFrame(() => requestAnimationFrame(() => app.host.reached('painted')));
}
