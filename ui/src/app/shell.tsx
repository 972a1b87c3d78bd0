/* The frame around every screen: header, menu, banners, one screen, dialog and toast. */
import { useEffect, useErrorBoundary, useLayoutEffect, useRef } from 'preact/hooks';
import type { ComponentChildren, FunctionComponent } from 'preact';
import { access } from '../api/access';
import { command } from '../api/client';
import { asApiError } from '../api/errors';
import { age } from '../format/time';
import { clean } from '../format/clean';
import { Accounts, AccountScreen } from '../features/accounts/accounts';
import { Activity, OperationScreen } from '../features/activity/activity';
import { Approve } from '../features/approve/approve';
import { Home } from '../features/home/home';
import { Locked, NoAccess } from '../features/lock/lock';
import { Receive } from '../features/receive/receive';
import { Send } from '../features/send/send';
import { Start } from '../features/start/start';
import { currentAccount, currentNetwork, heardMs, link, now, offers, requestCount, store } from '../store/store';
import { retryNow } from '../store/live';
import { guardianTexts, networkTexts, serverTexts, T } from '../text';
import { Banner, Card, ErrorPanel, Heading, Icon, LinkButton, Skeleton, type IconName } from '../widgets/basic';
import { CeremonyDialog, ToastArea } from '../widgets/dialog';
import { route, type Screen } from './routes';
import { lazy } from '../widgets/lazy';
import { Shortcuts } from './shortcuts';

/* What is not looked at every day is not in the first load. */
const Vault = lazy(() => import('../features/vault/vault').then((m) => m.Vault));
const Recovery = lazy(() => import('../features/recovery/recovery').then((m) => m.Recovery));
const Guardians = lazy(() => Promise.all([import('../features/guardians/guardians'), guardianTexts.load()]).then(([m]) => m.Guardians));
const Restore = lazy(() => import('../features/recovery/restore').then((m) => m.Restore));
const Computer = lazy(() => Promise.all([import('../features/computer/computer'), serverTexts.load()]).then(([m]) => m.Computer));
const Server = lazy(() => Promise.all([import('../features/server/server'), serverTexts.load()]).then(([m]) => m.Server));
const Network = lazy(() => Promise.all([import('../features/network/network'), networkTexts.load()]).then(([m]) => m.Network));
const about = () => import('../features/about/about');
const About = lazy(() => about().then((m) => m.About));
const Log = lazy(() => about().then((m) => m.Log));
const More = lazy(() => about().then((m) => m.More));
const Settings = lazy(() => import('../features/settings/settings').then((m) => m.Settings));
const AddAccount = lazy(() => import('../features/accounts/add').then((m) => m.AddAccount));

const SCREENS: Record<Screen, FunctionComponent<{ id: string }>> = {
  home: Home, receive: Receive, send: Send, approve: Approve, activity: Activity, operation: OperationScreen, accounts: Accounts, account: AccountScreen,
  network: Network, server: Server, computer: Computer, settings: Settings, more: More, log: Log, about: About, start: Start, add: AddAccount, vault: Vault, recovery: Recovery, guardians: Guardians, restore: Restore, missing: Missing,
};

function Missing() {
  const t = T();
  return <><Heading>{t.notFound.title}</Heading><Card><p>{t.notFound.lead}</p><LinkButton to="home">{t.nav.home}</LinkButton></Card></>;
}

export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M16 5.5 26 23H6z" /><circle cx="16" cy="6" r="4" /><circle cx="6.5" cy="23.5" r="4" /><circle cx="25.5" cy="23.5" r="4" />
    </svg>
  );
}

function chipWords(): { state: string; tone: string; icon: IconName } {
  const t = T();
  if (link.value === 'lost') {
    return { state: t.chip.lost, tone: 'danger', icon: 'wifi-off' };
  }
  const state = store.status.value?.chain.state ?? 'syncing';
  if (state === 'ok') {
    return { state: t.chip.fine, tone: 'ok', icon: 'circle-check' };
  }
  const tone = state === 'degraded' || state === 'syncing' ? 'warn' : 'danger';
  return { state: t.chip[state], tone, icon: state === 'no_network' ? 'wifi-off' : 'triangle-alert' };
}

function Header({ isBare }: { isBare: boolean }) {
  const t = T();
  const chain = clean(currentNetwork.value?.name ?? store.status.value?.network_id ?? '', 24);
  const chip = chipWords();
  const accounts = store.accounts.value?.accounts ?? [];
  return (
    <header class="top">
      <a class="brand" href="#/home"><Logo /><span>Passmesh</span></a>
      {!isBare && accounts.length > 1 && (
        <select class="account-menu" aria-label={t.nav.account} value={currentAccount.value?.id} onChange={(event) => void command('account_select', { account_id: event.currentTarget.value }).catch(() => undefined)}>
          {accounts.map((a) => <option key={a.id} value={a.id}>{clean(a.name, 30)}</option>)}
        </select>
      )}
      {!isBare && accounts.length === 1 && <a class="account-name" href={`#/accounts/${accounts[0]!.id}`}>{clean(accounts[0]!.name, 30)}</a>}
      <span class="grow" />
      {!isBare && store.status.value && (
        <a class={`chip ${chip.tone}`} href="#/network" aria-label={t.chip.label(chain, chip.state)}>
          <Icon name={chip.icon} /><span class="chip-text">{chip.tone === 'ok' ? chain : chip.state}</span>
        </a>
      )}
      {!isBare && offers('lock') && store.methods.value && accounts.length > 0 && (
        <button type="button" class="icon-button" aria-label={t.nav.lock} onClick={() => void command('lock', {}).catch(() => undefined)}><Icon name="lock" /></button>
      )}
    </header>
  );
}

const NAV: [string, IconName, string][] = [['home', 'house', ''], ['activity', 'activity', ''], ['accounts', 'users', ''], ['network', 'network', ''], ['server', 'globe', 'wide'], ['computer', 'cpu', 'wide'], ['settings', 'settings', 'wide'], ['log', 'scroll-text', 'wide'], ['about', 'info', 'wide'], ['more', 'ellipsis', 'phone']];

function Menu() {
  const t = T();
  const words = t.nav as unknown as Record<string, string>;
  const section = route.value.section;
  const inMore = ['server', 'computer', 'settings', 'log', 'about', 'more'].includes(section);
  return (
    <nav class="menu" aria-label={t.nav.label}>
      {NAV.map(([name, icon, where]) => (
        <a key={name} class={where} href={`#/${name}`} aria-current={section === name || (name === 'more' && inMore) ? 'page' : undefined}>
          <Icon name={icon} /><span>{words[name]}</span>
        </a>
      ))}
    </nav>
  );
}

/** One at a time, gravest first. */
function TopBanner() {
  const t = T();
  const status = store.status.value;
  if (link.value === 'lost') {
    return <Banner level="danger" action={{ text: t.common.retry, run: retryNow }}>{t.state.lost}{heardMs.value > 0 && <span class="block">{t.state.lostAge(age(heardMs.value, Date.now(), t))}</span>}</Banner>;
  }
  if (!status) {
    return null;
  }
  const chain = status.chain;
  if (chain.state === 'doubtful') {
    return <Banner level="danger">{t.state.doubtful[chain.doubt ?? 'none']}</Banner>;
  }
  if (status.keys === 'down') {
    return <Banner level="danger">{t.state.keysDown}</Banner>;
  }
  if (chain.state === 'no_network') {
    return <Banner level="caution">{t.state.noNetwork(age(chain.as_of_ms, now.value, t))}</Banner>;
  }
  if (chain.state === 'no_server') {
    return <Banner level="caution">{t.state.noServer(clean(currentNetwork.value?.name ?? status.network_id, 24), chain.tried)}</Banner>;
  }
  if (status.test_key) {
    return <Banner level="caution">{t.state.testKey}</Banner>;
  }
  if (currentNetwork.value && currentNetwork.value.kind !== 'main') {
    return <Banner level="info">{t.state.localMoney}</Banner>;
  }
  return null;
}

function WaitingBar() {
  const t = T();
  const first = store.requests.value?.operations[0];
  const here = route.value;
  if (!first || here.screen === 'approve' || here.screen === 'send') {
    return null;
  }
  return (
    <div class="waiting" role="status">
      <Icon name="clock" /><span class="grow">{t.state.waiting(requestCount.value)}</span>
      <a class="button small primary" href={`#/approve/${first.id}`}>{t.state.review}</a>
    </div>
  );
}

/** One for each route: what broke, load again, open the log. */
function Boundary({ children }: { children: ComponentChildren }) {
  const [error] = useErrorBoundary((cause) => console.warn('screen failed', (cause as Error)?.name));
  if (error) {
    return <Card><ErrorPanel what={T().what.page} error={asApiError(error)} /></Card>;
  }
  return <>{children}</>;
}

function useTitleAndFocus(name: string): void {
  const isFirst = useRef(true);
  useLayoutEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    scrollTo(0, 0);
    document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  }, [name]);
  useEffect(() => {
    const set = (): void => {
      const heading = store.status.value?.locked ? '' : document.querySelector('h1')?.textContent;
      const count = requestCount.value && !store.status.value?.locked ? `(${requestCount.value}) ` : '';
      document.title = heading && heading !== 'Passmesh' ? `${count}${heading} · Passmesh` : 'Passmesh';
    };
    set();
    const watch = new MutationObserver(set);
    watch.observe(document.getElementById('main') ?? document.body, { childList: true, subtree: true, characterData: true });
    return () => watch.disconnect();
  });
}

export function Shell() {
  const t = T();
  const status = store.status.value;
  const here = route.value;
  const noAccess = access.value === 'none' || access.value === 'over' || access.value === 'code_bad';
  const isLocked = status?.locked ?? false;
  const needsStart = !!store.accounts.value && store.accounts.value.accounts.length === 0 && ['home', 'receive', 'send', 'accounts', 'start'].includes(here.screen);
  const isStart = needsStart || here.screen === 'start';
  const isBare = noAccess || isLocked || (isStart && needsStart);
  const name = noAccess ? 'access' : isLocked ? 'locked' : isStart ? 'start' : `${here.screen}/${here.id}`;
  useTitleAndFocus(name);
  useEffect(() => {
    if (needsStart && here.screen !== 'start') {
      location.replace('#/start'); /* stays here when the account arrives: the last step shows it */
    }
  }, [needsStart, here.screen]);
  const Screen = isStart ? Start : SCREENS[here.screen];
  const withMenu = !noAccess && !isLocked && !here.isTask && !isStart;
  return (
    <div class={`frame${withMenu ? '' : ' task'}${isBare ? ' bare' : ''}`} data-lost={link.value === 'lost' || undefined} data-density={store.settings.value?.density}>
      <a class="skip" href="#main" onClick={(event) => {
        event.preventDefault();
        document.querySelector<HTMLElement>('h1')?.focus();
      }}>{t.nav.skip}</a>
      <Header isBare={isBare} />
      {withMenu && <Menu />}
      <div class="content">
        {!noAccess && <aside aria-label={t.nav.notices}><TopBanner />{!isLocked && <WaitingBar />}</aside>}
        <main id="main" data-screen={name}>
          {noAccess ? <NoAccess /> : isLocked ? <Locked /> : !status
            ? <><Heading>Passmesh</Heading><Card busy><Skeleton what={t.what.wallet} /></Card></>
            : <Boundary key={name}><Screen id={here.id} /></Boundary>}
        </main>
      </div>
      <CeremonyDialog />
      <ToastArea />
      {withMenu && <Shortcuts />}
    </div>
  );
}

