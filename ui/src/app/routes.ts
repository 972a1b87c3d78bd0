/* One table of hash routes: what is drawn, and where it stands in the menu. */
import { signal } from '@preact/signals';

export type Screen =
  | 'home' | 'receive' | 'send' | 'approve' | 'activity' | 'operation' | 'accounts' | 'account' | 'network' | 'server' | 'computer' | 'settings' | 'more' | 'log' | 'about'
  | 'start' | 'add' | 'vault' | 'recovery' | 'guardians' | 'restore' | 'missing';

export interface Route {
  screen: Screen;
  id: string;
  /** A task hides the menu and shows Back. */
  isTask: boolean;
  /** The menu entry that is current. */
  section: string;
}

const TABLE: [RegExp, Screen, boolean, string][] = [
  [/^home$/, 'home', false, 'home'],
  [/^receive$/, 'receive', true, 'home'],
  [/^send$/, 'send', true, 'home'],
  [/^approve\/([\w-]{1,64})$/, 'approve', true, 'home'],
  [/^activity$/, 'activity', false, 'activity'],
  [/^activity\/([\w-]{1,64})$/, 'operation', false, 'activity'],
  [/^accounts$/, 'accounts', false, 'accounts'],
  [/^accounts\/add$/, 'add', true, 'accounts'],
  [/^accounts\/([\w-]{1,64})$/, 'account', false, 'accounts'],
  [/^vault$/, 'vault', false, 'accounts'],
  [/^recovery$/, 'recovery', false, 'accounts'],
  [/^guardians(?:\/([\w-]{1,64}))?$/, 'guardians', false, 'accounts'],
  [/^restore$/, 'restore', true, 'accounts'],
  [/^network$/, 'network', false, 'network'],
  [/^server$/, 'server', false, 'server'],
  [/^computer$/, 'computer', false, 'computer'],
  [/^settings$/, 'settings', false, 'settings'],
  [/^more$/, 'more', false, 'more'],
  [/^log$/, 'log', false, 'log'],
  [/^about$/, 'about', false, 'about'],
  [/^start$/, 'start', true, 'accounts'],
];

export function parseRoute(hash: string): Route {
  const path = hash.replace(/^#\/?/, '') || 'home';
  for (const [pattern, screen, isTask, section] of TABLE) {
    const match = pattern.exec(path);
    if (match) {
      return { screen, id: match[1] ?? '', isTask, section };
    }
  }
  return { screen: 'missing', id: '', isTask: false, section: '' };
}

export const route = signal<Route>(parseRoute(location.hash));

export function followHash(): void {
  addEventListener('hashchange', () => {
    route.value = parseRoute(location.hash);
  });
}
