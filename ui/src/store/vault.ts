/* What the page does with the vault: each act asks passkeys one after another, and says at once why one was refused. */
import { signal } from '@preact/signals';
import { makeReceiver, sealSecret, USE } from '../api/channel';
import { encodeBase64url } from '../api/base64url';
import { command, call } from '../api/client';
import { ApiError, asApiError } from '../api/errors';
import type { Assertion, Methods, Reading, RequestOptions, VaultPasskey } from '../api/generated';
import { createPasskey, usePasskey, usePrf } from '../api/webauthn';
import { T } from '../text';
import { runCeremony, type CeremonyPlan } from './ceremony';
import { store } from './store';

export type Where = Methods['vault_enrol_begin']['params']['where'];
export const TIMEOUT_MS = 120_000;

/** How far an enrolment is: 1 to 3, 0 none. */
export const enrolStep = signal(0);

/** A ceremony whose challenge is good for one answer: what is refused is thrown, not tried again. null: the person closed it. */
export async function runOnce<A, R>(plan: CeremonyPlan<A, R>): Promise<R | null> {
  const result = await runCeremony<A, { done: R } | { failed: ApiError }>({
    ...plan,
    hand: (answer) => plan.hand(answer).then((done) => ({ done }), (cause) => ({ failed: asApiError(cause) })),
  });
  if (result && 'failed' in result) {
    throw result.failed;
  }
  return result && result.done;
}

const challenge = (): string => encodeBase64url(crypto.getRandomValues(new Uint8Array(32)));

/** One of these passkeys opens the vault, which may be open: then the passkey is proven. False: the person closed it. */
export async function openWith(passkeys: VaultPasskey[], what: string): Promise<boolean> {
  const inputs = Object.fromEntries(passkeys.map((p) => [p.id, p.prf_input]));
  /* No signature is wanted here: what opens the vault is the secret alone. */
  const options: RequestOptions = {
    rp_id: 'passmesh.localhost', challenge: challenge(), allow: passkeys.map((p) => ({ id: p.id, transports: [] })), user_verification: 'required', timeout_ms: TIMEOUT_MS,
  };
  const opened = await runOnce({
    what, timeoutMs: TIMEOUT_MS, ask: (signal) => usePrf(options, inputs, signal),
    async hand({ assertion, prf }) {
      if (!prf) {
        throw new ApiError('vault_prf_missing', {}, ['other_key'], '');
      }
      const sealed = await sealSecret(USE.unlock, prf);
      const whose = assertion.user_handle ? { user_handle: assertion.user_handle } : {};
      return command('vault_unlock', { credential_id: assertion.credential_id, sealed, ...whose });
    },
  });
  return opened !== null;
}

/** Looks for the sealed vault with servers; what is found is the vault here, locked. How many servers were asked; null: the person closed it. */
export async function findVault(what: string): Promise<number | null> {
  const begun = await command('vault_find_begin', {});
  const found = await runOnce({
    what, timeoutMs: begun.options.timeout_ms, ask: (signal) => usePasskey(begun.options, signal),
    hand: (assertion) => command('vault_find_finish', { assertion }),
  });
  return found && found.servers;
}

/** Opens the vault if it is not open. False: the person closed it. */
export async function openVault(): Promise<boolean> {
  const vault = await call('vault_status', {});
  return vault.state === 'open' || openWith(vault.passkeys, T().vault.forOpen);
}

/** A passkey agrees to a change of who can open the vault. */
async function agree(params: { what: 'passkey' | 'recovery'; receiver?: string }, what: string): Promise<boolean> {
  const begun = await command('vault_change_begin', params);
  const done = await runOnce({
    what, timeoutMs: begun.options.timeout_ms, ask: (signal) => usePasskey(begun.options, signal),
    hand: (assertion) => command('vault_change_finish', { assertion }),
  });
  return done !== null;
}

/** Makes a passkey of the vault: created, then asserted twice with the same secret. The first one makes the vault. */
export async function enrolVault(where: Where): Promise<boolean> {
  const t = T();
  try {
    if ((store.status.value?.vault ?? 'none') !== 'none' && (!(await openVault()) || !(await agree({ what: 'passkey' }, t.vault.forChange)))) {
      return false;
    }
    enrolStep.value = 1;
    const begun = await command('vault_enrol_begin', { where });
    let step = await runOnce({
      what: t.vault.forMake, timeoutMs: begun.options.timeout_ms, ask: (signal) => createPasskey(begun.options, signal, begun.prf_input),
      hand: (response) => command('vault_enrol_created', { response }),
    });
    while (step && !step.done) {
      enrolStep.value += 1;
      const { options, prf_input: input } = step;
      step = await runOnce({
        what: t.vault.forTest(enrolStep.value - 1), timeoutMs: options!.timeout_ms,
        ask: (signal) => usePrf(options!, { [options!.allow[0]!.id]: input! }, signal),
        async hand({ assertion, prf }) {
          const sealed = prf ? { sealed: await sealSecret(USE.asserted, prf) } : {};
          return command('vault_enrol_asserted', { assertion, ...sealed });
        },
      });
    }
    return step?.done ?? false;
  } finally {
    enrolStep.value = 0;
  }
}

/** The vault's recovery phrase, made now and shown once; null: the person closed it. */
export async function makeRecovery(): Promise<string | null> {
  if (!(await openVault())) {
    return null;
  }
  const receiver = await makeReceiver();
  if (!(await agree({ what: 'recovery', receiver: receiver.publicKey }, T().vault.forRecovery))) {
    return null;
  }
  const { sealed } = await command('vault_recovery', { receiver: receiver.publicKey });
  return new TextDecoder().decode(await receiver.open(USE.recovery, sealed));
}

export async function openByPhrase(phrase: string): Promise<void> {
  const sealed = await sealSecret(USE.unlockPhrase, new TextEncoder().encode(phrase));
  await command('vault_unlock_phrase', { sealed });
}

export const lockVault = (): Promise<unknown> => command('vault_lock', {});

/* ---- ordinary accounts ---- */

export type ImportKind = Methods['ordinary_import']['params']['kind'];

const text16 = (bytes: Uint8Array): number[] => [bytes.length >> 8, bytes.length & 255, ...bytes];

/** The bytes that the key process wants, or null: not hexadecimal. */
export function importBytes(kind: ImportKind, secret: string, password: string): Uint8Array<ArrayBuffer> | null {
  const utf8 = new TextEncoder();
  if (kind === 'phrase') {
    return utf8.encode(secret);
  }
  if (kind === 'file') {
    return new Uint8Array([...text16(utf8.encode(password)), ...text16(utf8.encode(secret))]);
  }
  const digits = secret.trim().replace(/^0x/i, '');
  if (!/^[0-9a-f]{64}$/i.test(digits)) {
    return null;
  }
  return Uint8Array.from(digits.match(/../g)!, (pair) => parseInt(pair, 16));
}

export async function importAccount(name: string, kind: ImportKind, bytes: Uint8Array<ArrayBuffer>): Promise<Methods['ordinary_import']['result'] | null> {
  if (!(await openVault())) {
    bytes.fill(0);
    return null;
  }
  return command('ordinary_import', { name, kind, sealed: await sealSecret(USE.import, bytes) });
}

export async function createAccount(name: string, words: number): Promise<Methods['ordinary_create']['result'] | null> {
  return (await openVault()) ? command('ordinary_create', { name, words }) : null;
}

export interface Exported {
  kind: 'phrase' | 'key' | 'file';
  text: string;
}

/** A phrase, a key in hexadecimal, or a key file; only this page can read it. password "": no file. */
export async function exportAccount(accountId: string, what: 'phrase' | 'key', password: string): Promise<Exported | null> {
  if (!(await openVault())) {
    return null;
  }
  const t = T();
  const receiver = await makeReceiver();
  const begun = await command('export_begin', { account_id: accountId, what, receiver: receiver.publicKey });
  const given = await runOnce({
    what: what === 'phrase' ? t.ordinary.forPhrase : t.ordinary.forKey, timeoutMs: begun.options.timeout_ms, ask: (signal) => usePasskey(begun.options, signal),
    async hand(assertion) {
      const sealed = password ? { sealed: await sealSecret(USE.export, new TextEncoder().encode(password)) } : {};
      return command('export_finish', { assertion, ...sealed });
    },
  });
  if (!given) {
    return null;
  }
  const bytes = await receiver.open(USE.export, given.sealed);
  const text = given.kind === 'key' ? `0x${Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')}` : new TextDecoder().decode(bytes);
  bytes.fill(0);
  return { kind: given.kind, text };
}

/** The passkey that lets the key process sign: its own reading stands in the dialog. null: closed. */
export async function signWithVault<R>(
  begin: () => Promise<{ options: RequestOptions; reading: Reading; check_code: string }>, what: string, rowsOf: (reading: Reading) => [string, string][],
  hand: (assertion: Assertion) => Promise<R>,
): Promise<R | null> {
  if (!(await openVault())) {
    return null;
  }
  const begun = await begin();
  return runOnce({
    what, checkCode: begun.check_code, rows: rowsOf(begun.reading), timeoutMs: begun.options.timeout_ms, ask: (signal) => usePasskey(begun.options, signal), hand,
  });
}
