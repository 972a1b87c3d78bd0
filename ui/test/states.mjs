/* Snapshots for the gallery: each screen in its states. A test checks all of it against api/. No daemon speaks here. */

export const ANNA = '0x71C7656EC7ab88b098defB751B7401B5f6d8976F';
export const ALICE = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
export const ALICE_FALSE = '0x5aAe6c3E3F3E11b0b9A09f33669435E7Ef1BeAed';
export const BOB = '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359';
export const USDC = '0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB';
const PEER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp';
const PEER2 = '12D3KooWSCufgHzV4fCwRijfH2k3abrpAJxTKxEvN1FDuRXA2U9x';
const HASH = '0x7f3a92c10123456789abcdef0123456789abcdef0123456789abcdef01234567';
/* hostile: markup, bidi override, zero width, combining marks, length */
const EVIL = '<img src=x onerror=alert(1)>\u202egnp.evil\u200b\u200d Z\u0301\u0301\u0301\u0301\u0301algo ';
const HELP_TEXT = `passmesh-help:${'AQEAAAAAAAB6aQ'.repeat(24)}`;
const EVIL_NAME = '<b>A</b>\u202eecilA\u200b';

export const eth = { id: 'native', kind: 'native', symbol: 'ETH', name: 'Ether', decimals: 18, listed: true };
export const usdc = { id: USDC, kind: 'erc20', symbol: 'USDC', name: 'USD Coin (test)', decimals: 6, listed: true };
const WEI = 10n ** 18n;

export function make(now) {
  const fig = (value, o = {}) => ({ value: String(value), decimals: 18, unit: 'ETH', grade: 'agreed', k: 3, n: 4, block: 21004, as_of_ms: now - 4000, why: 'quorum', ...o });
  const usd = (value, o = {}) => fig(value, { decimals: 6, unit: 'USDC', ...o });
  const proven = { grade: 'proven', why: 'merkle_proof_trusted_block', k: 1, n: 1 };
  const reported = { grade: 'reported', why: 'one_server', k: 1, n: 1, servers: [PEER] };
  const owner = (o = {}) => ({
    id: 'o1', name: 'Anna’s laptop', kind: 'passkey', rp_id: 'passmesh.localhost', credential_id: 'AAECAwQFBgcICQoLDA0ODw', transports: ['internal'], synced: false,
    created_ms: now - 864e5, last_used_ms: now - 18e4, tested_ms: now - 2592e5, state: 'active', added: false, ready_ms: 0, chains: [{ network_id: 'local', state: 'active' }], ...o,
  });
  const account = (o = {}) => ({ id: 'a1', name: 'Main', address: ANNA, kind: 'passkey', owners: [owner()], threshold: 1, on_chain: true, safe: false, selected: true, created_ms: now - 864e5, ...o });
  const limits = (o = {}) => ({
    list: [
      { asset: eth, amount: fig(5n * 10n ** 17n), spent: fig(10n ** 17n), left: String(4n * 10n ** 17n), hours: 24, ends_ms: now + 3e7 },
      { asset: usdc, amount: { ...fig(25n * 10n ** 6n), decimals: 6, unit: 'USDC' }, spent: { ...fig(0n), decimals: 6, unit: 'USDC' }, left: String(25n * 10n ** 6n), hours: 168, ends_ms: now - 1000 },
    ],
    fees: fig(10n ** 15n), known: [{ party: { address: BOB, name: EVIL_NAME, known: 'contact' }, checked: version().checked }], ...o,
  });
  const waitingLimit = (ready_ms) => ({ id: `0x${'ab'.repeat(32)}`, kind: 'limit', ready_ms, amount: fig(10n ** 18n), hours: 24 });
  const sessions = () => [
    { id: `0x${'ab'.repeat(20)}`, state: 'live', kind: 'token', job_key: BOB, to: { address: ALICE, name: 'Alice', known: 'contact' }, asset: usdc, amount: usd(25n * 10n ** 6n), fees: fig(10n ** 16n), left: usd(10n * 10n ** 6n, proven), fees_left: fig(8n * 10n ** 15n, proven), until_ms: now + 864e5 },
    { id: `0x${'cd'.repeat(20)}`, state: 'waits', kind: 'function', job_key: BOB, to: { address: ALICE, known: 'none' }, asset: eth, amount: fig(10n ** 16n), function: '0xa0712d68', until_ms: now + 3e7 },
    { id: `0x${'ef'.repeat(20)}`, state: 'ended', kind: 'ether', job_key: BOB, to: { address: BOB, name: EVIL_NAME, known: 'contact' }, asset: eth, amount: fig(10n ** 17n), until_ms: now + 3e7 },
  ];
  const version = (o = {}) => ({ number: 1, checked: { grade: 'agreed', k: 3, n: 4, block: 21004, as_of_ms: now - 4000, why: 'quorum' }, upgrade: 'offered', ready_ms: 0, ...o });
  const local = { id: 'local', name: 'Local network', chain_id: 31337, kind: 'local', native: eth, faucet: true, consensus: 'none', contracts: 'ready', selected: true };
  const mainnet = { ...local, id: 'ethereum', name: 'Ethereum', chain_id: 1, kind: 'main', faucet: false, selected: false, contracts: 'missing' };
  const chain = (o = {}) => ({ state: 'ok', block: 21004, block_ms: now - 4000, as_of_ms: now - 2000, grade: 'agreed', k: 3, n: 4, tried: 4, ...o });
  const status = (o = {}) => ({
    version: '0.1.0', start_id: 's1', now_ms: now, locked: false, network_id: 'local', account_id: 'a1', chain: chain(), keys: 'ok', sandbox: { level: 'full', landlock_abi: 6, missing: [] }, test_key: false, requests: 0,
    ceremonies: [], peers: 14, servers: 4, ...o,
  });
  const settings = (o = {}) => ({ language: 'en', theme: 'light', density: 'comfortable', history: 'scroll', public_dht: 'yes', shortcuts: true, lock_after_min: 15, hide_unknown_tokens: true, ...o });
  const me = { address: ANNA, name: 'Main', known: 'own' };
  const alice = { address: ALICE, name: 'Alice', known: 'contact' };
  const stranger = { address: BOB, known: 'none' };
  const row = (o = {}) => ({ id: 'op1', kind: 'send', state: 'final', direction: 'out', party: alice, asset: eth, amount: fig(15n * WEI / 10n), at_ms: now - 6e5, spam: false, ...o });
  const rows = [
    row({ id: 'op9', state: 'submitted', at_ms: now - 8000 }),
    row({ id: 'op8', kind: 'receive', direction: 'in', party: { address: BOB, name: 'Bob', known: 'contact' }, amount: fig(20n * WEI, proven), at_ms: now - 9e5 }),
    row({ id: 'op7', state: 'failed', party: stranger, amount: usd(4480_000000n), asset: usdc, at_ms: now - 72e5, fee: fig(9n * WEI / 10000n), reason: { code: 'reverted', params: { reason: 'Too little received', fee: '0.0009', symbol: 'ETH' } } }),
    row({ id: 'op6', kind: 'faucet', direction: 'in', party: stranger, amount: fig(100n * WEI, reported), at_ms: now - 9e7 }),
    row({ id: 'op5', kind: 'cancel', at_ms: now - 91e6, state: 'included' }),
    row({ id: 'op4', kind: 'speed_up', at_ms: now - 92e6, state: 'replaced' }),
  ];
  const request = {
    rp_id: 'passmesh.localhost', challenge: 'fzqSwQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw', allow: [{ id: 'AAECAwQFBgcICQoLDA0ODw', transports: ['internal'] }],
    user_verification: 'required', timeout_ms: 120000,
  };
  const step = (state, at_ms = 0, o = {}) => ({ state, at_ms, ...o });
  const call = { to: ALICE, value: '1500000000000000000', data: '0x' };
  const operation = (o = {}) => ({
    id: 'op1', kind: 'send', state: 'prepared', revision: 1, account_id: 'a1', network_id: 'local', created_ms: now - 3000, updated_ms: now - 3000, expires_ms: now + 252e3,
    asked_by: { kind: 'self', origin: 'self', first_seen_ms: now - 3000 }, from: me, to: alice, asset: eth, amount: fig(15n * WEI / 10n, { why: 'this_wallet', grade: 'proven' }),
    effects: [{ kind: 'leaves', asset: eth, amount: fig(15n * WEI / 10n), from: me, to: alice, grade: 'agreed' }],
    fee: { max: fig(21n * WEI / 10000n), speed: 'normal', wait_s: 12 }, risks: [], trial: { state: 'done', block: 21004 }, check_code: '7F3A-92C1',
    next: { code: 'passkey_then_servers', params: { servers: '2', wait_s: '12' } }, undo: { code: 'not_once_included', params: {} }, request, owners: ['Anna’s laptop'],
    exact: {
      chain_id: 31337, entry_point: '0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108', sender: ANNA, nonce: '7', calls: [call], user_op_hash: HASH, call_gas_limit: '60000',
      verification_gas_limit: '400000', pre_verification_gas: '60000', max_fee_per_gas: '4000000000', max_priority_fee_per_gas: '1000000000',
    },
    steps: ['prepared', 'signed', 'submitted', 'included', 'final'].map((s, i) => step(s, i === 0 ? now - 3000 : 0)), can: ['approve', 'reject'], ...o,
  });
  const past = (o) => {
    const x = operation({ state: 'final', can: [], user_op_hash: HASH, tx_hash: HASH, block: 20990, server: PEER, ...o });
    delete x.request;
    delete x.check_code;
    return x;
  };
  const done = (n, o = {}) => ['signed', 'submitted', 'included', 'final'].map((s, i) => step(s, i < n ? now - 6e5 + i * 9000 : 0, i < n ? [{ by: 'Anna’s laptop' }, { servers: 2 }, { block: 20990, grade: 'agreed' }, { grade: 'agreed' }][i] : o));
  const guardianKeys = [{ key: `0x${'11'.repeat(116)}`, kind: 'passkey', name: 'Anna', answered: true }, { key: `0x${'22'.repeat(40)}`, kind: 'key', address: ALICE, account_id: 'a1', answered: false }];
  const guarded = (o = {}) => ({
    address: ANNA, network_id: 'local', account_id: 'a1', state: 'quiet', checked: version().checked, owners: 1, guardians: guardianKeys, threshold: 2, delay_s: 172800, ready_ms: 0, lapses_ms: 0,
    put_offs_left: 2, asked: false, frozen_ms: 0, held_ms: 0, ...o,
  });
  const signText = `passmesh-sign:${'AQUAAAAAAAB6aQ'.repeat(60)}`;
  const partialCall = (o) => ({ what: 'payment', danger: false, to: ALICE, amount: String(WEI), symbol: 'ETH', decimals: 18, ...o });
  const partial = (o) => ({ address: BOB, network_id: 'local', code: '1A2B-3C4D-5E6F-7A8B', state: 'open', expires_ms: now + 8e7, fee_max: String(WEI / 500n), nonce: '3', calls: [partialCall()], signers: ['a1'], ...o });
  const halfSigned = () => operation({ revision: 2, signers: ['Anna’s laptop'], signers_needed: 2, signed_elsewhere: 0, given_out: false, owners: ['Anna’s laptop', 'Phone'] });
  const openSign = [['fill', '[data-test=sign-open-text]', signText], ['click', '[data-test=sign-open]']];
  const helpRequest = { address: BOB, network_id: 'local', code: '1A2B-3C4D-5E6F-7A8B', what: 'recover', state: 'open', new_owners: [guardianKeys[0]], removed: 1, threshold: 1, signers: ['a1'] };
  const risk = (id, level, code, params = {}, tick = false) => ({ id, level, code, params, tick });
  const quote = (o = {}) => ({
    have: fig(12345678901234567890n, proven), have_native: fig(12345678901234567890n, proven),
    speeds: [
      { fee: { max: fig(21n * WEI / 10000n), speed: 'normal', wait_s: 12 }, max_amount: fig(12343578901234567890n) },
      { fee: { max: fig(42n * WEI / 10000n), speed: 'fast', wait_s: 4 }, max_amount: fig(12341478901234567890n) },
    ], ...o,
  });
  const balances = (items, hidden = 0) => ({ items: [{ account_id: 'a1', network_id: 'local', items, hidden }] });
  const bal = (asset, amount, hidden = false) => ({ asset, amount, hidden });
  const network = (o = {}) => ({
    reach: { state: 'punchable', why: { code: 'same_port', params: {} } }, public_dht: 'yes', peers: 14, by_source: { mdns: 2, dht: 9, saved: 3, bootstrap: 0, manual: 0, inbound: 0, gossip: 0, rendezvous: 0, public_dht: 0 },
    memory_used: 42991616, memory_max: 134217728, refused: [{ reason: 'per_group_limit', scope: 'system', count: 3 }], chain: chain(), servers: 4,
    sent: [{ what: 'chain_question', to: 'servers', count: 120 }, { what: 'user_operation', to: 'servers', count: 2 }, { what: 'peer_search', to: 'peers', count: 31 }], ...o,
  });
  const health = (o = {}) => ({ accounts: [{ account_id: 'a1', safe: false, ways_in: 1, tested: 1, reasons: [{ code: 'one_way_in', params: {} }], ...o }] });
  const logs = ['listening on 127.0.0.1 port 4001', 'peer 12D3Ko…6iDEp up', 'server BUSY, again in 200 ms', 'disk almost full'].map((text, i) => ({ seq: i + 1, at_ms: now - 9000 + i * 1000, level: ['info', 'info', 'warn', 'error'][i], part: ['net', 'net', 'srv', 'store'][i], text }));
  const contacts = [{ id: 'k1', name: 'Alice', address: ALICE, sent_count: 3, created_ms: now }, { id: 'k2', name: 'Bob', address: BOB, sent_count: 0, created_ms: now }];
  const checked = (o = {}) => ({ ok: true, address: ALICE, party: alice, risks: [], ...o });
  const error = (code, params = {}, next = ['try_again']) => ({ error: { code, params, next } });

  const technology = (name, steps, reason, advice) => ({ name, chip: steps > 0, firmware: steps > 1, usable: steps > 2, reason, ...(advice ? { advice } : {}) });
  const HARDWARE_SERVICES = [{ name: 'relay', verdict: 'can', reason: 'enough' }, { name: 'backup', verdict: 'limited', reason: 'passphrase_only' }, { name: 'co-signer', verdict: 'cannot', reason: 'no_closed_memory' }];
  const hardware = (o = {}) => ({
    vendor: 'intel', role: 'bare-metal', container: false, cores: 8, memory_kib: 16303428, disk_free_kib: 125829120, aes: true, services: HARDWARE_SERVICES, technologies: [
      technology('sgx', 1, 'sgx_firmware_off', 'sgx_switch_on'), technology('tdx-guest', 0, 'tdx_guest_none'), technology('tdx-host', 0, 'tdx_host_off', 'tdx_switch_on'),
      technology('sev-snp-guest', 0, 'snp_guest_none'), technology('sev-snp-host', 0, 'snp_host_none'), technology('paravisor', 0, 'paravisor_none'), technology('nitro-guest', 0, 'nitro_none'),
      technology('nitro-host', 0, 'nitro_none'), technology('cca-realm', 0, 'cca_none'), technology('op-tee', 0, 'optee_none'), technology('tpm2', 2, 'device_refused', 'tpm_allow')], ...o,
  });

  /* The server on this machine. */
  const needs = (o = {}) => [
    { met: true, code: 'need_platform', params: { need: 'x86_64-linux', has: 'x86_64-linux' } }, { met: true, code: 'need_cores', params: { need: '2', has: '8' } },
    { met: true, code: 'need_memory', params: { need: '256', has: '9216' } }, { met: true, code: 'need_disk', params: { need: '2048', has: '122880' } }, ...(o.also ?? [])];
  const plugin = (o = {}) => ({
    state: 'absent', since_ms: now - 72e5, wanted: false, repositories: [{ id: '8d1e07f2a9b3c456', mirrors: ['http://127.0.0.1:8080'], development: true, current: true }], agree: 1, development: true, checked_ms: now - 36e5, sandbox: 'full',
    settings: { network_id: 'local', node: 'http://127.0.0.1:8545', listen: '/ip4/0.0.0.0/tcp/4001', clients: 0, kbit_s: 0, from_hour: 0, to_hour: 0 },
    offer: { version: '1.4.2', notes: 'Answers proofs faster.', bytes: 1443840, disk_mib: 2048, memory_mib: 256, installed: false },
    variants: [{ version: '1.4.2', platform: 'x86_64-linux', suits: true, reasons: needs() }], ...o,
  });

  const serverRun = { listen: `/ip4/0.0.0.0/tcp/4001/p2p/${PEER}`, as_of_ms: now, clients: 12, requests_min: 340, served: 40210, rx: 81023404, tx: 310234040, memory_kib: 18210, node: true, reach: { state: 'reachable', why: { code: 'dialled', params: {} } }, sandbox: 'full', payee: ANNA, balance: '204100000000000000', earned: '4100000000000000' };
  const serverUp = (o = {}) => plugin({ state: 'running', wanted: true, installed: { version: '1.4.2', trial: false, has_previous: true }, run: serverRun, offer: { ...plugin().offer, installed: true }, ...o });

  const topics = {
    plugin: plugin(), status: status(), accounts: { accounts: [account()] }, settings: settings(), health: health(), network: network(), requests: { operations: [] }, log: { lines: logs },
    balances: balances([bal(eth, fig(12345678901234567890n, proven)), bal(usdc, usd(250_000000n))]), activity: { rows, total: 6, spam_hidden: 0 },
  };
  const history = { rows, total: 6, spam_hidden: 4 };
  const replies = {
    networks_list: { networks: [local, mainnet] }, contacts_list: { contacts }, address_check: checked(), fee_quote: quote(), history_list: history,
    receive_info: { address: ANNA, uri: ANNA, on_chain: false, ways_in: 1, network: 'Local network' }, send_prepare: operation(),
    plugin_log: { lines: [{ seq: 1, at_ms: now, level: 'info', part: 'server', text: 'Serving local' }, { seq: 2, at_ms: now, level: 'info', part: 'server', text: EVIL }] },
    peers_list: { peers: [
      { id: PEER, address: '/ip4/127.0.0.1/tcp/4001', direction: 'out', found: 'mdns', rtt_ms: 1, agent: 'passmesh-server/0.1.0', server: true, since_ms: now },
      { id: PEER2, address: '/ip4/127.0.0.1/tcp/4002', direction: 'in', found: 'dht', rtt_ms: 61, agent: EVIL, server: false, since_ms: now }] },
    servers_list: { servers: [
      { id: PEER, rtt_ms: 38, kept_permille: 998, level: 'known_code', attested: 'code', state: 'ok', evidence: { code: 'evidence_accepted', params: { kind: 'sev-snp' } } },
      { id: PEER2, rtt_ms: 61, kept_permille: 980, level: 'known_code', attested: 'none', state: 'blocked', reason: { code: 'server_lied', params: { server: 'Zp2..x1' } } }] },
    evidence_list: { evidence: [] },
    version: {
      version: '0.1.0', build: '7c1e02d', libraries: [{ name: 'OpenSSL', version: '3.0.17' }, { name: 'libsodium', version: '1.0.18' }, { name: 'SQLite', version: '3.40.1' }],
      methods: ['change_prepare', 'recovery_prepare', 'guardians_prepare', 'guardians_ask', 'limit_prepare', 'session_prepare', 'known_prepare', 'setting_prepare', 'account_create_begin', 'account_create_finish', 'faucet_request', 'hardware', 'lock', 'network_node_set', 'speed_up_prepare', 'cancel_prepare', 'session_end', 'owner_add_begin', 'owner_prepare', 'owner_rename', 'owner_forget', 'upgrade_prepare', 'threshold_prepare'],
    },
    hardware: hardware(), settings_set: settings({ theme: 'dark' }), account_create_begin: { ceremony: { id: 'c1', kind: 'create', name: 'Main', created_ms: now, expires_ms: now + 18e4 }, options: {
      rp_id: 'passmesh.localhost', rp_name: 'Passmesh', user_id: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8', user_name: 'Main', user_display_name: 'Main',
      challenge: request.challenge, algorithms: [-7], exclude: [], hints: [], resident_key: 'required', user_verification: 'required', attestation: 'none', timeout_ms: 120000 } },
    account_create_finish: account({ on_chain: false }), faucet_request: { amount: fig(100n * WEI, reported) }, send_cancel: past({ state: 'cancelled' }),
    operation_get: operation(), contacts_add: contacts[0], network_node_set: { chain_id: 31337, block: 21004, age_s: 2 },
  };

  const big = Array.from({ length: 200 }, (_, i) => row({ id: `b${i}`, at_ms: now - i * 36e5, amount: fig(BigInt(i + 1) * WEI / 7n) }));
  const op = (o) => ({ route: `approve/${o.id}`, topics: { requests: { operations: [o] }, status: status({ requests: 1 }) } });
  const seen = (o) => ({ route: `activity/${o.id}`, replies: { operation_get: o } });
  const fill = (to, amount) => [['fill', '[data-test=to]', to], ...(amount ? [['fill', '[data-test=amount]', amount]] : []), ['pause', 700]];
  const none = { accounts: { accounts: [] }, status: status({ account_id: undefined }), balances: { items: [] }, activity: { rows: [], total: 0, spam_hidden: 0 }, health: { accounts: [] } };
  delete none.status.account_id;
  const chainRead = { grade: 'agreed', why: 'quorum', k: 3, n: 4, block: 21004, as_of_ms: now - 4000 };
  const removal = { id: HASH, sequence: 2, removed: 'o2', threshold: 1, signatures: [] };
  const cosigned = (o) => account({ owners: [owner(), owner({ id: 'o9', name: 'Co-signer u6iDEp', kind: 'cosigner', credential_id: '', transports: [], added: true, last_used_ms: 0, tested_ms: 0, chains: [], ...o })], cosigner: { owner_id: 'o9', server: '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp', address: BOB, chain_ids: [31337], limits: [{ amount: '1000' }] } });
  const swap = operation({
    id: 'op2', kind: 'batch', asked_by: { kind: 'app', origin: 'https://app.example.org', first_seen_ms: now - 12e4 }, to: { address: USDC, name: 'Router', known: 'contract' },
    effects: [
      { kind: 'leaves', asset: usdc, amount: usd(4480_000000n), from: me, to: { address: USDC, known: 'contract' }, grade: 'agreed' },
      { kind: 'arrives', asset: eth, amount: fig(15n * WEI / 10n), from: { address: USDC, known: 'contract' }, to: me, grade: 'agreed' },
      { kind: 'permission', asset: usdc, amount: usd(0n, proven), unlimited: true, from: me, to: { address: USDC, name: 'Router', known: 'contract' }, grade: 'proven' }],
    fee: { max: fig(21n * WEI / 10000n, reported), speed: 'normal', wait_s: 12 },
    risks: [risk('r1', 'danger', 'unlimited_permission', { who: 'Router', symbol: 'USDC' }, true), risk('r2', 'caution', 'first_time'), risk('r3', 'info', 'fee_reported')],
  });

  const vault = (o = {}) => ({ state: 'locked', wait_ms: 0, passkeys: [{ id: request.allow[0].id, rp_id: 'passmesh.localhost', prf_input: request.challenge, proven_ms: now - 864e5 }], has_phrase: false, entries: [], copies: { servers: 0, until_ms: 0 }, backup: { proven_ms: 0, current: false }, ...o });
  const ordinary = { ...account({ id: 'a2', name: 'From another wallet', kind: 'phrase', owners: [], path: 'm/44\'/60\'/0\'/0/0', entry: 1, on_chain: false }) };
  const reading = { kind: 'transaction', chain_id: 31337, nonce: '7', gas_limit: '21000', max_fee_per_gas: '4000000000', max_priority_fee_per_gas: '1000000000', fee_max: '84000000000000', to: ALICE, value: '1500000000000000000', data_bytes: 0 };
  const ordinaryOp = operation({ account_id: 'a2', owners: [], exact: { chain_id: 31337, sender: ANNA, nonce: '7', calls: [call], gas_limit: '21000', signing_hash: HASH, max_fee_per_gas: '4000000000', max_priority_fee_per_gas: '1000000000' } });
  delete ordinaryOp.request;
  replies.vault_status = vault();

  /* name → {route, topics over the usual, replies over the usual, act, access, link, credentials} */
  const states = {
    'access-none': { access: 'none' }, 'access-over': { access: 'over' }, 'access-code': { access: 'code_bad' },
    'first-load': { silent: true }, 'program-lost': { route: 'home', link: 'lost' },
    'locked': { route: 'home', topics: { status: status({ locked: true, requests: 2 }), accounts: null, balances: null, activity: null, health: null, network: null, log: null, requests: null } },
    'start-welcome': { route: 'start', topics: none },
    'start-public-dht': { route: 'start', topics: { ...none, network: network({ public_dht: 'ask', servers: 0 }), settings: settings({ public_dht: 'ask' }) }, replies: { settings_set: settings({ public_dht: 'no' }) }, act: [['wait', '[data-test=public-dht-yes]']] },
    'start-unfinished': { route: 'start', topics: { ...none, status: { ...none.status, servers: 0, keys: 'down', ceremonies: [{ id: 'c1', kind: 'create', name: 'Main', created_ms: now, expires_ms: now + 18e4 }] } } },
    'start-key': { route: 'start', topics: none, act: [['click', '[data-test=make]']] },
    'start-key-error': { route: 'start', topics: none, replies: { account_create_begin: error('name_taken', { name: 'Main' }, ['fix_input']) }, act: [['click', '[data-test=make]'], ['click', '[data-test=make-passkey]'], ['wait', '[data-test=error]']] },
    'start-ready': { route: 'start', topics: none, credentials: 'give', act: [['click', '[data-test=make]'], ['click', '[data-test=make-passkey]'], ['wait', '[data-test=to-home]']] },
    'home': { route: 'home' },
    'home-empty': { route: 'home', topics: { balances: balances([bal(eth, fig(0n, { grade: 'reported', why: 'local_network', k: 1, n: 1 }))]), activity: none.activity } },
    'home-loading': { route: 'home', topics: { balances: null, activity: null }, act: [['pause', 1100]] },
    'home-requests': { route: 'home', topics: { requests: { operations: [operation(), swap] }, status: status({ requests: 2 }) } },
    'home-doubtful': { route: 'home', topics: { status: status({ chain: chain({ state: 'doubtful' }) }) } },
    'home-no-server': { route: 'home', topics: { status: status({ chain: chain({ state: 'no_server', tried: 7 }) }), balances: balances([bal(eth, fig(12345678901234567890n, { ...proven, as_of_ms: now - 24e4 })), bal(usdc, usd(250_000000n, { as_of_ms: now - 24e4 }))]) } },
    'home-main': { route: 'home', topics: { status: status({ network_id: 'ethereum', test_key: true, chain: chain({ state: 'degraded', k: 1, n: 1, grade: 'reported' }) }), balances: balances([bal(eth, fig(115792089237316195423570985008687907853269984665640564039457584007913129639935n, reported)), bal(usdc, usd(1n, reported))], 3), accounts: { accounts: [account(), account({ id: 'a2', name: 'Savings', address: BOB, selected: false })] } } },
    'home-digits': { route: 'home', act: [['click', '[data-test=balance] .digits']] },
    'home-why': { route: 'home', act: [['click', '[data-test=balance] .badge']] },
    'home-faucet': { route: 'home', act: [['click', '[data-test=faucet]'], ['wait', '.toast']] },
    'home-faucet-error': { route: 'home', replies: { faucet_request: error('faucet_wait', { seconds: '40' }, ['wait']) }, act: [['click', '[data-test=faucet]'], ['wait', '[data-test=error]']] },
    'receive': { route: 'receive' },
    'receive-amount': { route: 'receive', replies: { receive_info: { address: ANNA, uri: `ethereum:${ANNA}@31337?value=1500000000000000000`, on_chain: true, ways_in: 2, network: 'Local network' } }, act: [['click', 'details summary'], ['fill', 'details input', '1.5'], ['pause', 400]] },
    'receive-comma': { route: 'receive', act: [['click', 'details summary'], ['fill', 'details input', '1,5']] },
    'receive-error': { route: 'receive', replies: { receive_info: error('unknown_account', {}, ['reload']) } },
    'send': { route: 'send' },
    'send-filled': { route: 'send', act: fill(ALICE, '1.5') },
    'send-look-alike': { route: 'send', replies: { address_check: checked({ address: ALICE_FALSE, party: { address: ALICE_FALSE, known: 'none' }, look_alike: { address: ALICE, name: 'Alice', groups: 2 }, risks: [risk('r1', 'danger', 'look_alike', { name: 'Alice', address: ALICE, groups: '2' }, true)] }) }, act: fill(ALICE_FALSE, '1.5') },
    'send-checksum': { route: 'send', replies: { address_check: { ok: false, error: { code: 'address_checksum', params: {} }, risks: [] } }, act: [...fill(ALICE.toUpperCase().replace('0X', '0x'), '1,5'), ['click', '[data-test=review]']] },
    'send-exceeds': { route: 'send', replies: { address_check: checked({ risks: [risk('r1', 'caution', 'first_time'), risk('r2', 'caution', 'no_checksum')] }) }, act: fill(ALICE, '99999') },
    'send-contract': { route: 'send', replies: { address_check: { ok: false, address: USDC, party: { address: USDC, known: 'token', name: 'USDC' }, risks: [risk('r1', 'blocked', 'token_contract', { symbol: 'USDC' })] } }, act: fill(USDC, '1') },
    'send-nothing': { route: 'send', act: [['click', '[data-test=review]']] },
    'send-fee-error': { route: 'send', replies: { fee_quote: error('no_server', { network: 'Local network', tried: '7' }, ['open_network']) } },
    'send-refused': { route: 'send', replies: { send_prepare: error('would_fail', { reason: 'transfer amount exceeds balance' }, ['fix_input']) }, act: [...fill(ALICE, '1.5'), ['click', '[data-test=review]'], ['wait', '[data-test=error]']] },
    'approve': op(operation({ risks: [risk('r1', 'caution', 'first_time'), risk('r2', 'caution', 'one_way_in'), risk('r3', 'info', 'account_created')] })),
    'approve-batch': op(swap),
    'approve-exact': { ...op(operation()), act: [['click', '.exact summary']] },
    'approve-blocked': op(operation({ risks: [risk('r1', 'blocked', 'token_contract', { symbol: 'USDC' })], trial: { state: 'unavailable', block: 0 } })),
    'approve-would-fail': op(operation({ risks: [risk('r1', 'danger', 'would_fail', { reason: 'transfer amount exceeds balance' }, true)], trial: { state: 'would_fail', block: 21004 } })),
    'approve-expired': { route: 'approve/op1', replies: { operation_get: past({ state: 'expired', reason: { code: 'late', params: {} } }) } },
    'approve-elsewhere': { route: 'approve/op1', replies: { operation_get: past({ state: 'submitted' }) } },
    'approve-gone': { route: 'approve/op1', replies: { operation_get: error('unknown_operation', {}, ['reload']) } },
    'approve-cancel': op(operation({ id: 'op3', kind: 'cancel', replaces: 'op1', effects: [], risks: [risk('r1', 'caution', 'replaces', { what: 'Sent to Alice' })] })),
    'ceremony-waiting': { ...op(operation()), credentials: 'hang', act: [['approve']] },
    'ceremony-failed': { ...op(operation()), credentials: 'refuse', act: [['approve'], ['wait', '[data-test=ceremony-again]']] },
    'activity': { route: 'activity' },
    'activity-empty': { route: 'activity', replies: { history_list: { rows: [], total: 0, spam_hidden: 0 } } },
    'activity-error': { route: 'activity', replies: { history_list: error('storage_failed', {}, ['save_report']) } },
    'activity-many': { route: 'activity', replies: { history_list: { rows: big, total: 1000, spam_hidden: 0, next: 'b199' } } },
    'operation-submitted': seen(past({ id: 'op9', state: 'submitted', steps: done(2), tx_hash: undefined, block: undefined, can: ['speed_up', 'cancel'], updated_ms: now - 6e5, next: { code: 'wait', params: { wait_s: '12' } } })),
    'operation-final': seen(past({ id: 'op1', steps: done(4), fee: { max: fig(21n * WEI / 10000n), paid: fig(13n * WEI / 10000n, proven), speed: 'normal', wait_s: 12 } })),
    'operation-failed': seen(past({ id: 'op7', state: 'failed', kind: 'call', steps: [...done(3).slice(0, 3), step('failed', now - 5e5)], reason: { code: 'reverted', params: { reason: 'Too little received', fee: '0.0009', symbol: 'ETH' } }, can: ['send_again'] })),
    'operation-replaced': seen(past({ id: 'op4', state: 'replaced', steps: done(2), replaced_by: 'op5', reason: { code: 'replacement_won', params: {} } })),
    'operation-received': seen(past({ id: 'op8', kind: 'receive', from: stranger, to: me, steps: done(4).slice(2), exact: undefined, user_op_hash: undefined, server: undefined, owners: [] })),
    'accounts': { route: 'accounts', topics: { accounts: { accounts: [account({ owners: [owner(), owner({ id: 'o2', name: 'Blue key', kind: 'security_key' })], safe: true }), account({ id: 'a2', name: 'Savings', address: BOB, selected: false, on_chain: false }), account({ id: 'a3', name: 'Watched', address: ALICE, kind: 'watch', owners: [], selected: false })] } } },
    'accounts-empty': { route: 'accounts', replies: { contacts_list: { contacts: [] } } },
    'accounts-add-contact': { route: 'accounts', act: [['click', '[data-test=add-contact]'], ['fill', '[data-test=contact-name]', 'Alice'], ['fill', '[data-test=contact-address]', ALICE], ['pause', 500]] },
    'account': { route: 'accounts/a1', topics: { accounts: { accounts: [account({ owners: [owner(), owner({ id: 'o2', name: 'Blue key', kind: 'security_key', tested_ms: 0, last_used_ms: 0, synced: true })] })] } } },
    'account-one-way': { route: 'accounts/a1', topics: { accounts: { accounts: [account()] } } },
    'account-second-waits': { route: 'accounts/a1', topics: { accounts: { accounts: [account({ owners: [owner(), owner({ id: 'o2', name: 'Phone', added: true, state: 'waiting', last_used_ms: 0, chains: [{ network_id: 'local', state: 'waiting' }] })] })] } } },
    'account-leaving': { route: 'accounts/a1', topics: { accounts: { accounts: [account({ owners: [owner(), owner({ id: 'o2', name: 'Old phone', added: true, state: 'leaving', ready_ms: now + 15e7, chains: [{ network_id: 'local', state: 'leaving' }] }), owner({ id: 'o3', name: EVIL_NAME, kind: 'security_key', added: true, state: 'gone', chains: [{ network_id: 'local', state: 'gone' }, { network_id: 'ethereum', state: 'active' }] })] })] } } },
    'account-ready': { route: 'accounts/a1', topics: { accounts: { accounts: [account({ owners: [owner(), owner({ id: 'o2', name: 'Old phone', added: true, state: 'leaving', ready_ms: now - 1000 })] })] } } },
    'account-unknown-owner': { route: 'accounts/a1', topics: { accounts: { accounts: [account({ unknown_owners: 1, owners: [owner(), owner({ id: 'o2', name: 'Phone', added: true })] })] } } },
    'account-add-owner': { route: 'accounts/a1', act: [['click', '[data-test=add-owner]']] },
    'account-owner-error': { route: 'accounts/a1', replies: { owner_prepare: error('owners_unread', {}, ['try_again']) }, topics: { accounts: { accounts: [account({ owners: [owner(), owner({ id: 'o2', name: 'Phone', added: true, state: 'waiting' })] })] } }, act: [['click', '[data-test=owner-add]'], ['wait', '[data-test=error]']] },
    'approve-owner-add': op(operation({ kind: 'owner_add', subject: 'Phone', to: me, amount: fig(0n), effects: [], risks: [risk('owner_added', 'danger', 'owner_added', { name: 'Phone' }, true)] })),
    'approve-owner-remove': op(operation({ kind: 'owner_remove', subject: 'Old phone', to: me, amount: fig(0n), effects: [], risks: [risk('owner_removed', 'caution', 'owner_removed', { name: 'Old phone', days: '2' }, true), risk('owner_one_left', 'danger', 'owner_one_left', { name: 'Old phone' }, true)] })),
    'account-threshold': { route: 'accounts/a1', topics: { accounts: { accounts: [account({ owners: [owner(), owner({ id: 'o2', name: 'Phone', added: true }), owner({ id: 'o3', name: 'Key on the ring', added: true })], threshold: 2 })] } }, act: [['wait', '[data-test=threshold-3]']] },
    'account-threshold-waits': { route: 'accounts/a1', topics: { accounts: { accounts: [account({ owners: [owner(), owner({ id: 'o2', name: 'Phone', added: true }), owner({ id: 'o3', name: 'Key on the ring', added: true })], threshold_change: { threshold: 2, ready_ms: now + 15e7 } })] } }, act: [['wait', '[data-test=threshold-veto]']] },
    'account-threshold-ready': { route: 'accounts/a1', replies: { threshold_prepare: error('threshold_state', { state: 'waits' }, ['review']) }, topics: { accounts: { accounts: [account({ owners: [owner(), owner({ id: 'o2', name: 'Phone', added: true }), owner({ id: 'o3', name: 'Key on the ring', added: true })], threshold_change: { threshold: 2, ready_ms: now - 1000 } })] } }, act: [['click', '[data-test=threshold-apply]'], ['wait', '[data-test=error]']] },
    'approve-second-signature': op(operation({ revision: 2, signers: ['Anna’s laptop'], signers_needed: 2, owners: ['Anna’s laptop', 'Phone'] })),
    'approve-threshold': op(operation({ kind: 'threshold_begin', to: me, amount: fig(0n), effects: [], signers: [], signers_needed: 2, next: { code: 'passkey_then_others', params: { left: '1' } }, risks: [risk('threshold_begun', 'danger', 'threshold_begun', { number: '3', owners: '3', days: '2' }, true)] })),
    'account-chains': { route: 'accounts/a1', replies: { owner_chains: { account_id: 'a1', changes: [removal], chains: [
      { network_id: 'local', state: 'in_step', checked: chainRead, owners: ['o1'], revoked: [], unknown: 0, threshold: 1, sequence: 2, head: HASH, ready_ms: 0 },
      { network_id: 'sepolia', state: 'lacks', checked: chainRead, owners: ['o1', 'o2'], revoked: ['o2'], unknown: 0, threshold: 1, sequence: 1, head: HASH, next: removal, ready_ms: 0 },
      { network_id: 'ethereum', state: 'waits', checked: chainRead, owners: ['o1', 'o2'], revoked: ['o2'], unknown: 0, threshold: 1, sequence: 1, head: HASH, next: { ...removal, signatures: ['o1'] }, ready_ms: now + 15e7 },
    ] } }, topics: { accounts: { accounts: [account({ revoked: 2, owners: [owner(), owner({ id: 'o2', name: 'Old phone', added: true, state: 'gone', chains: [{ network_id: 'local', state: 'gone' }] })] })] } }, act: [['wait', '[data-test=chains]']] },
    'account-cosigner-new': { route: 'accounts/a1', replies: { recovery_status: guarded(), owner_prepare: error('cosigner_state', { state: 'no_guardian' }, ['review']) }, topics: { accounts: { accounts: [cosigned({ state: 'waiting' })] } }, act: [['click', '[data-test=cosigner-add]'], ['wait', '[data-test=error]']] },
    'account-cosigner-joins': { route: 'accounts/a1', topics: { accounts: { accounts: [cosigned({ state: 'joining', ready_ms: now + 15e7 })] } }, act: [['wait', '[data-test=cosigner-veto]']] },
    'account-cosigner-ready': { route: 'accounts/a1', topics: { accounts: { accounts: [cosigned({ state: 'joining', ready_ms: now - 1000 })] } }, act: [['wait', '[data-test=cosigner-apply]']] },
    'approve-cosigner': op(operation({ kind: 'cosigner_begin', to: me, amount: fig(0n), effects: [], undo: { code: 'until_applied', params: {} }, risks: [risk('cosigner_begun', 'caution', 'cosigner_begun', { name: 'Co-signer u6iDEp', number: '2', days: '2' }, true)] })),
    'account-version-1': { route: 'accounts/a1', topics: { accounts: { accounts: [account({ version: version() })] } }, act: [['wait', '[data-test=upgrade-begin]']] },
    'account-version-waits': { route: 'accounts/a1', topics: { accounts: { accounts: [account({ version: version({ upgrade: 'waits', ready_ms: now + 15e7 }) })] } }, act: [['wait', '[data-test=upgrade-veto]']] },
    'account-version-ready': { route: 'accounts/a1', replies: { upgrade_prepare: error('upgrade_waits', { hours: '1' }, ['review']) }, topics: { accounts: { accounts: [account({ version: version({ upgrade: 'waits', ready_ms: now - 1000 }) })] } }, act: [['click', '[data-test=upgrade-apply]'], ['wait', '[data-test=error]']] },
    'account-version-2': { route: 'accounts/a1', topics: { accounts: { accounts: [account({ version: version({ number: 2, upgrade: 'none', checked: { ...version().checked, ...proven } }) })] } }, act: [['wait', '[data-test=account-version]']] },
    'account-version-unknown': { route: 'accounts/a1', topics: { accounts: { accounts: [account({ version: version({ number: 0, upgrade: 'none' }) })] } } },
    'approve-upgrade': op(operation({ kind: 'upgrade_begin', to: me, amount: fig(0n), effects: [], risks: [risk('upgrade_begun', 'caution', 'upgrade_begun', { days: '2' }, true)] })),
    'account-limits': { route: 'accounts/a1', topics: { accounts: { accounts: [account({ threshold: 2, limits: limits(), settings: [waitingLimit(now + 15e7)] })] } }, act: [['click', '[data-test=limit-set]'], ['fill', '[data-test=limit-amount]', '0.1']] },
    'account-limits-none': { route: 'accounts/a1', topics: { accounts: { accounts: [account({ threshold: 2, limits: limits({ list: [limits().list[1], limits().list[1]].map((l, i) => (i ? l : { ...limits().list[0], hours: 0, left: '0', amount: fig(0n), ends_ms: 0 })), known: [] }) })] } }, act: [['wait', '[data-test=limit-none]']] },
    'account-limits-ready': { route: 'accounts/a1', replies: { setting_prepare: error('setting_waits', { hours: '1' }, ['review']) }, topics: { accounts: { accounts: [account({ threshold: 2, limits: limits(), settings: [waitingLimit(now - 1000)] })] } }, act: [['click', '[data-test=setting-apply]'], ['wait', '[data-test=error]']] },
    'approve-limit': op(operation({ kind: 'limit_begin', to: me, amount: fig(0n), effects: [], undo: { code: 'until_applied', params: {} }, risks: [risk('limit_begun', 'caution', 'limit_begun', { limit: '0.5 ETH', hours: '24', days: '2' }, true)] })),
    'account-sessions': { route: 'accounts/a1', topics: { accounts: { accounts: [account({ limits: limits(), sessions: sessions() })] } }, act: [['wait', '[data-test=session]']] },
    'account-session-add': { route: 'accounts/a1', replies: { session_prepare: error('session_bad', { field: 'until' }, ['review']) }, topics: { accounts: { accounts: [account({ limits: limits() })] } }, act: [['click', '[data-test=session-add]'], ['fill', '[data-test=session-key]', BOB], ['fill', '[data-test=session-to]', ALICE], ['fill', '[data-test=session-amount]', '0.1'], ['fill', '[data-test=session-fees]', '0.01'], ['click', '[data-test=session-ask]'], ['wait', '[data-test=error]']] },
    'approve-session': op(operation({ kind: 'session_add', to: me, amount: fig(0n), effects: [], undo: { code: 'until_ended', params: {} }, risks: [
      risk('session_key', 'caution', 'session_key', { address: BOB, until_ms: String(now + 864e5) }, true),
      risk('session_pays', 'caution', 'session_pays', { limit: '25 USDC', address: ALICE, name: 'Alice' }, true),
      risk('session_fees', 'info', 'session_fees', { limit: '0.01 ETH' }),
    ] })),
    'approve-session-function': op(operation({ kind: 'session_add', to: me, amount: fig(0n), effects: [], undo: { code: 'until_ended', params: {} }, risks: [
      risk('session_key', 'caution', 'session_key', { address: BOB, until_ms: String(now + 864e5) }, true),
      risk('session_calls', 'danger', 'session_calls', { function: '0xa0712d68', address: ALICE, name: '?' }, true),
      risk('session_fees', 'info', 'session_fees', { limit: '0.01 ETH' }),
    ] })),
    'approve-session-end': op(operation({ kind: 'session_end', to: me, amount: fig(0n), effects: [], risks: [risk('session_ended', 'info', 'session_ended', { session: `0x${'ab'.repeat(20)}`, key: BOB })] })),
    'approve-within-limit': op(operation({ risks: [risk('limit_within', 'info', 'limit_within', { limit: '0.25 ETH' })] })),
    'account-rename': { route: 'accounts/a1', act: [['click', '.heading .button']] },
    'account-ordinary': { route: 'accounts/a2', topics: { accounts: { accounts: [account(), ordinary] }, status: status({ vault: 'open' }) }, act: [['wait', '[data-test=show-key]']] },
    'account-key': { route: 'accounts/a4', topics: { accounts: { accounts: [{ ...ordinary, id: 'a4', kind: 'key', name: 'W'.repeat(64), path: undefined }] }, status: status({ vault: 'locked' }) }, act: [['fill', '[data-test=message-text]', EVIL]] },
    'accounts-all-kinds': { route: 'accounts', topics: { accounts: { accounts: [account(), ordinary, { ...ordinary, id: 'a4', kind: 'key', name: 'Old key', address: BOB, selected: false, path: undefined }] }, status: status({ vault: 'locked' }) } },
    'add': { route: 'accounts/add', topics: { status: status({ vault: 'open' }) }, act: [['wait', '[data-test=add-name]']] },
    'add-phrase': { route: 'accounts/add', topics: { status: status({ vault: 'open' }) }, act: [['click', '[data-test=choice-phrase]'], ['fill', '[data-test=add-secret]', 'abandon abandon']] },
    'add-file-error': { route: 'accounts/add', topics: { status: status({ vault: 'open' }) }, replies: { vault_status: vault({ state: 'open' }), vault_channel: error('vault_channel', {}, ['try_again']) }, act: [['click', '[data-test=choice-file]'], ['fill', '[data-test=add-name]', 'Old'], ['fill', '[data-test=add-secret]', '{}'], ['click', '[data-test=add-account]'], ['wait', '[data-test=error]']] },
    'add-watch': { route: 'accounts/add', topics: { status: status({ vault: 'open' }) }, act: [['click', '[data-test=choice-watch]'], ['fill', '[data-test=add-address]', ALICE]] },
    'add-no-vault': { route: 'accounts/add', topics: { ...none, status: { ...none.status, vault: 'none' } }, act: [['wait', '[data-test=to-vault]']] },
    'vault-none': { route: 'vault', topics: { status: status({ vault: 'none' }) }, replies: { vault_status: vault({ state: 'none', passkeys: [] }) }, act: [['wait', '[data-test=vault]']] },
    'vault-locked': { route: 'vault', topics: { status: status({ vault: 'locked' }) }, replies: { vault_status: vault({ has_phrase: true, wait_ms: 7000 }) }, act: [['click', '[data-test=vault-by-phrase]']] },
    'vault-open': { route: 'vault', topics: { status: status({ vault: 'open' }) }, replies: { vault_status: vault({ state: 'open', entries: [1] }) }, act: [['wait', '[data-test=vault]']] },
    'recovery': {
      route: 'recovery', topics: { accounts: { accounts: [account({ safe: true, guardians: { number: 3, threshold: 2, counts: true, read_ms: now, proven_ms: now - 30 * 864e5, proven_by: 2 }, owners: [owner(), owner({ id: 'o2', name: 'Key on the ring', kind: 'security_key', credential_id: 'AQ', rp_id: 'wallet.example' })] }), ordinary] }, status: status({ vault: 'open' }),
        health: { accounts: [health({ safe: true, ways_in: 2, tested: 2, reasons: [] }).accounts[0], { ...health().accounts[0], account_id: 'a2', reasons: [{ code: 'vault_unproven', params: { count: '1' } }] }] } },
      replies: { vault_status: vault({ state: 'open', has_phrase: true, phrase: { proven_ms: 0 }, copies: { servers: 3, until_ms: now + 90 * 864e5 }, backup: { proven_ms: now - 864e5, current: false } }) }, act: [['wait', '[data-test=prove-phrase]']],
    },
    'recovery-due': {
      route: 'recovery', topics: { accounts: { accounts: [account({ owners: [owner({ name: EVIL, tested_ms: now - 200 * 864e5 })] })] }, status: status({ vault: 'none' }),
        health: health({ tested: 0, reasons: [{ code: 'one_way_in', params: {} }, { code: 'test_due', params: { name: EVIL } }, { code: 'none_to_spare', params: {} }] }) },
      replies: { vault_status: vault({ state: 'none', passkeys: [], backup: undefined }) }, act: [['wait', '[data-test=way]']],
    },
    'guardians': { route: 'guardians', replies: { recovery_status: guarded() }, act: [['click', '[data-test=set-guardians] summary'], ['fill', '[data-test=set-list]', `${ALICE} ${BOB}`], ['fill', '[data-test=set-threshold]', '3'], ['wait', '[data-test=guardian]']] },
    'guardians-alarm': { route: 'guardians', replies: { recovery_status: guarded({ state: 'under_way', ready_ms: now + 15e7, lapses_ms: now + 136e7, put_offs_left: 1 }), recovery_prepare: error('recovery_state', { state: 'vetoes_spent' }, ['review']) }, act: [['click', '[data-test=put-off]'], ['wait', '[data-test=error]']] },
    'guardians-practice': { route: 'guardians', replies: { recovery_status: guarded({ guardians: guardianKeys.map((g, i) => ({ ...g, answered: false, agreed: i === 0 })), asks: { what: 'practice', text: HELP_TEXT, code: '1A2B-3C4D-5E6F-7A8B', answers: 1, state: 'open' } }) }, act: [['wait', '[data-test=wishes]']] },
    'guardians-practice-request': { route: 'guardians', replies: { recovery_status: guarded(), help_open: { ...helpRequest, what: 'practice', new_owners: [], removed: 0, threshold: 0 } }, act: [['fill', '[data-test=help-text]', HELP_TEXT], ['click', '[data-test=help-open]'], ['wait', '[data-test=help-sign]']] },
    'guardians-none': { route: 'guardians', replies: { recovery_status: guarded({ state: 'version_1', guardians: [], threshold: 0, delay_s: 0 }), guardian_text: { text: HELP_TEXT, guardian: guardianKeys[1] } }, act: [['click', '[data-test=own-name]'], ['wait', '[data-test=own-name-text]']] },
    'guardians-request': { route: 'guardians', replies: { recovery_status: guarded(), help_open: helpRequest }, act: [['fill', '[data-test=help-text]', HELP_TEXT], ['click', '[data-test=help-open]'], ['wait', '[data-test=help-sign]']] },
    'sign-mine': { route: 'guardians/op1', replies: { operation_get: halfSigned(), partial_text: { text: signText, code: '1A2B-3C4D-5E6F-7A8B', operation: { ...halfSigned(), given_out: true } }, partial_gather: error('partial_stranger', {}, ['other_key']) }, act: [['click', '[data-test=sign-give]'], ['wait', '[data-test=sign-text]'], ['fill', '[data-test=sign-answer]', HELP_TEXT], ['click', '[data-test=sign-take]'], ['wait', '[data-test=error]']] },
    'sign-theirs': { route: 'guardians', replies: { recovery_status: guarded(), partial_open: partial() }, act: [...openSign, ['wait', '[data-test=sign-sign]']] },
    'sign-danger': { route: 'guardians', replies: { recovery_status: guarded(), partial_open: partial({ signers: [], calls: [partialCall({ what: 'owners', danger: true, to: BOB, amount: '0', threshold: 1, added: [guardianKeys[0].key], removed: [] }), partialCall({ what: 'token', danger: true, token: BOB, symbol: undefined, decimals: undefined }), partialCall({ what: 'unknown', danger: true, data: '0xdeadbeef' })] }) }, act: [...openSign, ['wait', '[data-test=sign-opened]']] },
    'guardians-back': { route: 'guardians', replies: { recovery_status: guarded({ help: { text: HELP_TEXT, code: '1A2B-3C4D-5E6F-7A8B', answers: 1, state: 'open' } }) }, act: [['fill', '[data-test=lost-address]', BOB], ['click', '[data-test=lost-look]'], ['wait', '[data-test=lost-text]']] },
    'restore': { route: 'restore', topics: { ...none }, act: [['wait', '[data-test=restore-file]']] },
    'restore-nobody': { route: 'restore', topics: { ...none }, replies: { vault_find_begin: error('copies_none', {}, ['wait']) }, act: [['click', '[data-test=restore-find]'], ['wait', '[data-test=error]']] },
    'recovery-error': { route: 'recovery', replies: { vault_status: error('keys_down', {}, ['save_report']) }, act: [['wait', '[data-test=error]']] },
    'vault-error': { route: 'vault', replies: { vault_status: error('keys_down', {}, ['save_report']) }, act: [['wait', '[data-test=error]']] },
    'vault-ceremony': { route: 'vault', topics: { status: status({ vault: 'locked' }) }, replies: { vault_status: vault() }, credentials: 'hang', act: [['click', '[data-test=vault-open]'], ['wait', 'dialog']] },
    'approve-ordinary': op(ordinaryOp),
    'ceremony-ordinary': { ...op(ordinaryOp), topics: { ...op(ordinaryOp).topics, accounts: { accounts: [ordinary] } }, replies: { vault_status: vault({ state: 'open' }), sign_begin: { options: request, reading, check_code: '7F3A-92C1' } }, credentials: 'hang', act: [['approve'], ['wait', 'dialog']] },
    'locked-vault': { route: 'home', topics: { status: status({ locked: true, vault: 'locked' }), accounts: null, balances: null, activity: null, health: null, network: null, log: null, requests: null } },
    'network': { route: 'network' },
    'network-evidence': { route: 'network', replies: { evidence_list: { evidence: [
      { at_ms: now - 72e5, network_id: 'local', kind: 'lie', question: 'account_proof', block_hash: `0x${'ab'.repeat(32)}`, block: 21004, address: ANNA.toLowerCase(), about: `0x${'00'.repeat(32)}`, said: [{ server: PEER2, len: 4210, answer: `f90211${'a0'.repeat(40)}` }] },
      { at_ms: now - 864e5, network_id: 'local', kind: 'disagreement', question: 'rpc', method: 'eth_gasPrice', about: '[]', said: [{ server: PEER, len: 5, answer: '"0x1"' }, { server: PEER2, len: EVIL.length, answer: EVIL }] },
    ] } }, act: [['click', '[data-test=evidence] summary']] },
    'network-public-dht': { route: 'network', topics: { network: network({ public_dht: 'yes' }), settings: settings({ public_dht: 'ask' }) }, act: [['wait', '[data-test=public-dht-state]']] },
    'network-empty': { route: 'network', topics: { network: network({ peers: 0, servers: 0, by_source: { mdns: 0, dht: 0, saved: 0, bootstrap: 0, manual: 0, inbound: 0, gossip: 0, rendezvous: 0, public_dht: 0 }, refused: [], sent: [], reach: { state: 'unknown', why: { code: 'not_listening', params: {} } }, chain: chain({ state: 'no_network', k: 0, n: 0, grade: 'reported' }) }), status: status({ chain: chain({ state: 'no_network' }), peers: 0, servers: 0 }) }, replies: { peers_list: { peers: [] }, servers_list: { servers: [] } } },
    'network-node-error': { route: 'network', replies: { network_node_set: error('wrong_chain', { expected: '31337', got: '1' }, ['open_network']) }, act: [['fill', 'form input', 'http://127.0.0.1:8545'], ['click', 'form button'], ['wait', '[data-test=error]']] },
    'computer': { route: 'computer', act: [['wait', '[data-test=service-relay]']] },
    'computer-guest': { route: 'computer', act: [['wait', '[data-test=service-relay]']], replies: { hardware: hardware({ vendor: 'amd', role: 'confidential-guest', container: true, cores: 1, memory_kib: 1048576, disk_free_kib: 0, technologies: [
      technology('sev-snp-guest', 2, 'device_not_in_container', 'pass_device'), technology('paravisor', 3, 'paravisor_ok'), technology('sgx', 0, 'sgx_none')], services: HARDWARE_SERVICES.map((s) => ({ ...s, verdict: 'cannot', reason: 'memory_too_small' })) }) } },
    'computer-bare': { route: 'computer', act: [['wait', '[data-test=service-relay]']], replies: { hardware: hardware({ vendor: 'other', cores: 0, memory_kib: 0, aes: false, technologies: [technology('op-tee', 0, 'optee_none'), technology('tpm2', 0, 'a_code_of_tomorrow')] }) } },
    'computer-loading': { route: 'computer', replies: { hardware: null }, act: [['pause', 1100]] },
    'computer-error': { route: 'computer', replies: { hardware: error('rate_limited', { wait_ms: '500' }) }, act: [['wait', '[data-test=error]']] },
    'settings': { route: 'settings' },
    'server': { route: 'server', topics: { plugin: serverUp() }, act: [['wait', '[data-test=server-state]']] },
    'server-none': { route: 'server', topics: { plugin: plugin({ repositories: [], development: false, checked_ms: 0, offer: undefined, variants: undefined }) }, act: [['wait', '[data-test=server-state]']] },
    'server-install': { route: 'server', act: [['wait', '[data-test=server-state]']] },
    'server-cannot': { route: 'server', topics: { plugin: plugin({ variants: [{ version: '1.4.2', platform: 'x86_64-linux', suits: false, reasons: [...needs(), { met: false, code: 'need_tpm', params: { need: '2', has: '0' } }, { met: false, code: 'need_tee', params: { need: 'sev-snp', has: '' } }, { met: false, code: 'need_reachable', params: { need: '', has: '' } }] }, { version: '2.0.0', platform: 'aarch64-linux', suits: false, reasons: [{ met: false, code: 'need_platform', params: { need: 'aarch64-linux', has: 'x86_64-linux' } }, { met: false, code: 'need_client', params: { need: '9.0.0', has: '0.1.0' } }] }] }) }, act: [['wait', '[data-test=server-state]']] },
    'server-disagree': { route: 'server', topics: { plugin: plugin({ offer: undefined, variants: undefined, agree: 2, client: { version: '1.3.0', notes: 'Several repositories.' },
      repositories: [{ id: '8d1e07f2a9b3c456', mirrors: ['https://mirror.example/passmesh'], development: false, current: true }, { id: '77aa07f2a9b3c456', mirrors: ['https://second.example/p'], development: false, current: false, fault: { code: 'repository_freeze', params: { step: '5.4.4' } } }],
      development: false, fault: { code: 'repository_disagree', params: {}, at_ms: now - 6e4 } }) }, act: [['wait', '[data-test=agree]']] },
    'server-downloading': { route: 'server', topics: { plugin: plugin({ job: { step: 'downloading', verified: 943718, length: 1443840, peers: true } }) }, act: [['wait', '[data-test=server-state]']] },
    'server-update': { route: 'server', topics: { plugin: serverUp({ offer: { ...plugin().offer, version: '1.4.3', notes: EVIL } }) }, act: [['wait', '[data-test=server-state]']] },
    'server-back': { route: 'server', topics: { plugin: serverUp({ fault: { code: 'plugin_went_back', params: { number: '1', version: '1.4.2' }, at_ms: now - 6e4 } }) }, act: [['wait', '[data-test=server-state]']] },
    'server-failed': { route: 'server', topics: { plugin: serverUp({ state: 'failed', run: undefined, fault: { code: 'plugin_exited', params: { number: '78' }, at_ms: now - 6e4 } }) }, act: [['wait', '[data-test=server-state]']] },
    'server-gone': { route: 'server', topics: { plugin: plugin({ state: 'unavailable', offer: undefined, variants: undefined }) }, act: [['wait', '[data-test=server-state]']] },
    'server-limits': { route: 'server', topics: { plugin: serverUp({ state: 'silent', installed: { version: '1.4.2', trial: true, has_previous: true } }) }, act: [['wait', '[data-test=server-state]'], ['click', '[data-test=limits] summary'], ['fill', '[data-test=server-clients]', 'x']] },
    'server-log': { route: 'server', topics: { plugin: serverUp() }, act: [['wait', '[data-test=server-state]'], ['click', '[data-test=server-log] summary'], ['wait', '.log-line']] },
    'server-remove': { route: 'server', topics: { plugin: serverUp() }, act: [['wait', '[data-test=server-state]'], ['click', '[data-test=remove]'], ['click', 'dialog [role=switch]']] },
    'settings-compact': { route: 'settings', topics: { settings: settings({ density: 'compact', shortcuts: false }) } },
    'more': { route: 'more' }, 'log': { route: 'log' }, 'log-empty': { route: 'log', topics: { log: { lines: [] } } }, 'about': { route: 'about' }, 'missing': { route: 'nowhere' },
    'shortcuts': { route: 'home', act: [['key', '?'], ['wait', 'dialog']] },
    'hostile-home': {
      route: 'home', topics: {
        accounts: { accounts: [account({ name: EVIL_NAME }), account({ id: 'a2', name: 'W'.repeat(64), address: BOB, selected: false })] },
        balances: balances([bal(eth, fig(1n)), bal({ ...usdc, symbol: '\u202eCDSU<i>', name: EVIL, listed: false }, usd(10n ** 60n, { unit: '\u202eCDSU<i>' }))]),
        activity: { rows: [row({ party: { ...stranger, name: EVIL_NAME } })], total: 1, spam_hidden: 0 },
      },
    },
    'hostile-approve': op(operation({ asked_by: { kind: 'app', origin: 'http://xn--pypal-4ve.example:3000', first_seen_ms: now }, to: { ...stranger, name: EVIL_NAME }, owners: [EVIL_NAME], risks: [risk('r1', 'danger', 'would_fail', { reason: EVIL }, true)] })),
    'hostile-log': { route: 'log', topics: { log: { lines: [{ seq: 1, at_ms: now, level: 'warn', part: 'net', text: EVIL.repeat(8) }, { seq: 2, at_ms: now, level: 'warn', part: 'net', text: 'x'.repeat(1024) }] } } },
  };
  for (const [code, info] of Object.entries(ERRORS)) {
    states[`error-${code}`] = { route: 'home', isError: true, replies: { faucet_request: error(code, Object.fromEntries(info.map((p) => [p, '7'])), ['try_again']) }, act: [['click', '[data-test=faucet]'], ['wait', '[data-test=error]']] };
  }
  return { topics, replies, states };
}

/* Every error code is reachable in the gallery; a test compares this list with api/errors.json. */
const ERRORS = typeof __ERRORS__ === 'undefined' ? {} : __ERRORS__;
