import './theme/base.css';
import { mount } from 'svelte';
import { AppState } from './app/state.svelte';
import { theme } from './app/theme.svelte';
import App from './App.svelte';
import { connectHost } from './platform';

theme.apply();
const target = document.getElementById('app');
if (target) {
  const app = new AppState(await connectHost());
  mount(App, { target, props: { app } });
  void app.begin();
  // After two frames the window has been painted.
  requestAnimationFrame(() => requestAnimationFrame(() => app.host.reached('painted')));
}
