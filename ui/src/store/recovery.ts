/* Guardians and recovery: what the page asks the wallet program, and the two ceremonies that sign no operation. */
import { call, command } from '../api/client';
import type { Account, Methods, Operation, Recovery } from '../api/generated';
import { usePasskey } from '../api/webauthn';
import { go } from './go';
import { putOperation } from './store';
import { openVault, runOnce } from './vault';

export type HelpRequest = Methods['help_open']['result'];
export type BrakeWhat = Methods['brake_begin']['params']['what'];

/** As people paste it: broken into lines by a mail program. */
export const dense = (text: string): string => text.replace(/\s+/g, '');

export const readRecovery = (address: string, network_id: string): Promise<Recovery> => call('recovery_status', { address, network_id });

/** Reads the account that a request is about, so that the request can be judged by it. */
export async function openHelp(text: string): Promise<HelpRequest> {
  const first = await call('help_open', { text });
  await readRecovery(first.address, first.network_id);
  return call('help_open', { text });
}

/** A guardian's answer. null: the person closed the dialog. */
export async function signHelp(account: Account, text: string, what: string): Promise<string | null> {
  if (account.kind !== 'passkey' && !(await openVault())) {
    return null;
  }
  await openHelp(text);
  const begun = await command('help_sign_begin', { account_id: account.id, text, confirmed: true });
  const answer = await runOnce({
    what, checkCode: begun.code, timeoutMs: begun.options.timeout_ms, ask: (signal) => usePasskey(begun.options, signal),
    hand: (assertion) => command('help_sign_finish', { account_id: account.id, text, assertion }),
  });
  return answer && answer.text;
}

export type RecoveryWhat = Methods['recovery_prepare']['params']['what'];

export async function prepareRecovery(account_id: string, network_id: string, payer_id: string, what: RecoveryWhat): Promise<Operation> {
  const operation = await command('recovery_prepare', { account_id, network_id, payer_id, what, speed: 'normal' });
  putOperation(operation);
  go(`approve/${operation.id}`);
  return operation;
}

/** One owner stops the account, or the recovery under way; the account itself carries that. false: closed. */
export async function brake(account: Account, network_id: string, what: BrakeWhat, title: string): Promise<boolean> {
  await readRecovery(account.address, network_id);
  const begun = await command('brake_begin', { account_id: account.id, network_id, what });
  const done = await runOnce({
    what: title, timeoutMs: begun.options.timeout_ms, ask: (signal) => usePasskey(begun.options, signal),
    hand: (assertion) => command('brake_finish', { account_id: account.id, network_id, what, assertion }),
  });
  if (!done) {
    return false;
  }
  await prepareRecovery(account.id, network_id, account.id, what);
  return true;
}
