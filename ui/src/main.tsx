/* access → store → routes → first render. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { access, openSession, takeCode } from './api/access';
import { currentTransport } from './api/client';
import { followSettings } from './app/appearance';
import { followHash, route, parseRoute } from './app/routes';
import { Shell } from './app/shell';
import { startLive, retryNow } from './store/live';
import { chooseLanguage, setLanguage } from './text';

async function main(): Promise<void> {
  if (self !== top) {
    return; /* framed: draws nothing */
  }
  addEventListener('hashchange', () => {
    if (location.hash.startsWith('#c=')) {
      location.reload(); /* a fresh code was opened in this very tab */
    }
  });
  const code = takeCode();
  route.value = parseRoute(location.hash);
  followHash();
  await setLanguage(chooseLanguage('auto', navigator.languages));
  followSettings();
  const root = document.getElementById('app')!;
  root.replaceChildren();
  render(<Shell />, root);
  await openSession(currentTransport(), code);
  startLive();
  effect(() => {
    if (access.value === 'ok') {
      retryNow();
    }
  });
}

void main();
