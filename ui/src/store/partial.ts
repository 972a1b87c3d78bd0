/* An operation that owners with different wallets sign: given out as text, opened in another wallet, gathered (docs/partial.md). */
import { call, command } from '../api/client';
import type { Account, Methods, Operation, Partial } from '../api/generated';
import { usePasskey } from '../api/webauthn';
import { readRecovery } from './recovery';
import { putOperation } from './store';
import { runOnce } from './vault';

export type Given = Methods['partial_text']['result'];

export async function giveOut(operation: Operation): Promise<Given> {
  const given = await command('partial_text', { operation_id: operation.id, revision: operation.revision });
  putOperation(given.operation);
  return given;
}

export async function gather(operation: Operation, text: string): Promise<Operation> {
  const next = await command('partial_gather', { operation_id: operation.id, revision: operation.revision, text });
  putOperation(next);
  return next;
}

/** Reads the owners of the account that it is about, so that it can be said whether one of them is here. */
export async function openPartial(text: string): Promise<Partial> {
  const first = await call('partial_open', { text });
  await readRecovery(first.address, first.network_id);
  return call('partial_open', { text });
}

/** The answer. null: the person closed the dialog. */
export async function signPartial(account: Account, text: string, confirmed: boolean, what: string): Promise<string | null> {
  await openPartial(text);
  const begun = await command('partial_sign_begin', { account_id: account.id, text, confirmed });
  const answer = await runOnce({
    what, checkCode: begun.code, timeoutMs: begun.options.timeout_ms, ask: (signal) => usePasskey(begun.options, signal),
    hand: (assertion) => command('partial_sign_finish', { account_id: account.id, text, confirmed, assertion }),
  });
  return answer && answer.text;
}
