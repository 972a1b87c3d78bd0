/* English texts about the protection of an account, loaded with the screen that shows them. */
import type { RiskParams } from '../api/generated';
import { due } from '../format/time';
import type { LateKind, LateRisk, Say } from './en';

const s = (n: number, one: string, many: string): string => (n === 1 ? one : many);


const hours = (text: string): string => {
  const n = parseInt(text, 10);
  return n % 24 ? `${n} ${s(n, 'hour', 'hours')}` : `${n / 24} ${s(n / 24, 'day', 'days')}`;
};
const until = (ms: string): string => due(parseInt(ms, 10));
const who = (p: { name: string; address: string }): string => (p.name === '?' ? p.address : `“${p.name}” (${p.address})`);

export const accountEn = {
  threshold: {
    title: 'Signatures', now: (n: number, of: number) => (n === 1 ? `One of ${of} passkeys is enough.` : `${n} of ${of} passkeys must sign everything.`),
    why: 'With two signatures, a thief who gets hold of one device can take nothing. Have one passkey more than are needed, or losing one loses everything.',
    ask: (n: number) => `Ask for ${n} ${s(n, 'signature', 'signatures')}`, waits: (n: number, when: string) => `The change to ${n} ${s(n, 'signature', 'signatures')} can be carried out from ${when}.`,
    ready: (n: number) => `The waiting time is over: ${n} ${s(n, 'signature', 'signatures')} can be asked for from now on.`, stopHelp: 'Until it is carried out, any passkey of the account can stop it.',
    veto: 'Stop the change', apply: 'Carry it out',
  },
  cosigner: {
    title: 'Co-signer', at: 'A second key, kept by the server', does: 'It signs payments within these limits, with your passkey, and nothing else. The passkey alone takes it off after the guardians’ delay: passmesh cosigner remove.',
    limit: (amount: string, token: string, to: string) => `${amount} (smallest units) of ${token || 'ether'} a day to ${to || 'all together'}`,
    wishes: { make: 'Have a co-signer made at this server:', sign: 'Have a payment signed by the co-signer at', leave: 'Take the co-signer off the account. No server takes part; its key is at', release: 'Tell this server that its key is not needed any more:' },
    chains: (ids: string) => `On the chains ${ids}.`, look: 'Look at the payment',
    joins: (when: string) => `It becomes an owner, and one signature more is needed, both at once: from ${when} that can be carried out.`, due: 'The waiting time is over: it can become an owner, and from then on one signature more is needed.',
    stopHelp: 'Until then, any passkey of the account can stop it. If you did not ask for this, stop it now.', veto: 'Stop it', apply: 'Carry it out',
    done: { make: 'It is made. Put it on the chain next.', sign: 'Signed by both.', leave: 'Signed. Another account sends it: passmesh recovery send.', release: 'The server was told.' },
    until: (when: string) => `Asked for on the command line. If that was not you, do not sign. It is over ${when}.`, sign: 'Sign with the passkey',
  },
  version: {
    title: 'Version of the account', is: (n: number) => `Version ${n}`, unknown: 'The account runs code that this wallet does not know. If you did not move it there with another wallet, move your money to a new account now.',
    offer: 'Version 2 of the account’s contract can hold more protection, once it is set:',
    brings: [
      'Guardians: people or accounts of yours who get you back in after a delay, and who can spend nothing',
      'Limits: above an amount a day, or to an address that is new, a second passkey has to sign',
      'Session keys: a key for one purpose and one amount, which ends by itself',
    ],
    stays: 'Address, passkeys and money stay as they are. The move waits first, so that any of your passkeys can stop one that you did not want; there is no way back to version 1.',
    begin: 'Begin the move', waits: (when: string) => `The move to version 2 can be carried out from ${when}.`, ready: 'The waiting time is over: the account can move to version 2.',
    stopHelp: 'Until it is carried out, any passkey of the account can stop it. If you did not ask for this, stop it now.', veto: 'Stop the move', apply: 'Move now',
  },
  limits: {
    title: 'Limits', why: (n: number) => `Within a limit, and to known addresses, one passkey is enough. For everything else ${n} must sign.`,
    whyOne: 'One passkey is enough for everything now. Limits count once two must sign.',
    none: (symbol: string) => `${symbol}: no limit is set`, within: (h: number) => `in ${hours(String(h))}`, left: (amount: string) => `${amount} left.`, ends: (when: string) => `The period ends ${when}.`,
    noNative: (symbol: string) => `There is no limit for ${symbol}. Fees count against it, so one passkey can do nothing alone until you set one.`,
    known: 'Known addresses', nobody: 'None of your contacts is known to the account.', forget: 'Forget', set: 'Set a limit', add: 'Make a contact known',
    asset: 'Asset', amount: 'At most', period: 'In', hour: 'an hour', day: 'a day', week: 'a week', month: '30 days', noAmount: 'An amount, with a point for decimals.',
    atOnce: 'This is lower than now: it holds at once, and one passkey is enough.', afterDelay: 'This waits out the delay first, and any passkey can stop it.',
    contact: 'Contact', noContact: 'Add a contact first.',
    waitsLimit: (amount: string, h: number) => `A limit of ${amount} in ${hours(String(h))} waits.`, waitsKnown: (name: string) => `${name} is to become known.`,
    waitsGuardians: (n: number) => (n ? `${n} guardians are to be set.` : 'The guardians are to be taken away.'), waits: (when: string) => `It can be carried out from ${when}.`, ready: 'The waiting time is over: it can be carried out.',
    stopHelp: 'Until then, any passkey of the account can stop it. If you did not ask for this, stop it now.', veto: 'Stop it', apply: 'Carry it out',
  },
  sessions: {
    title: 'Keys of jobs', why: 'A program of yours can spend by itself with a key of its own: up to an amount, to one address, until a time. It asks for no passkey. Any one passkey ends it at once; so does any change of the passkeys.',
    nobody: 'No job may spend from this account, as far as this wallet knows.',
    sends: (amount: string) => `Up to ${amount} in all, fees included, to`, pays: (amount: string, fees: string) => `Up to ${amount} in all, and ${fees} for fees, to`,
    calls: (name: string, amount: string) => `The function ${name}, with up to ${amount} in all for fees and what it sends along, of the contract`,
    key: 'Its key:', left: (amount: string) => `${amount} left`, feesLeft: (amount: string) => `${amount} for fees`, ends: (when: string) => `It ends ${when}.`,
    states: { unread: 'not read yet', waits: 'not on the chain yet', live: 'may spend', ended: 'ended', void: 'ended: the passkeys have changed', expired: 'its time is over' },
    end: 'End it now', add: 'Let a job spend', jobKey: 'Address of the job’s key', jobKeyHelp: 'The job makes this key and keeps it. Never give it a key of yours.', to: 'Receiver', asset: 'Asset', amount: 'At most, in all',
    fees: (symbol: string) => `${symbol} for its fees, in all`, length: 'For', day: 'a day', week: 'a week', month: '30 days', quarter: '90 days', noAddress: 'An address: 0x and 40 digits.', noAmount: 'An amount, with a point for decimals.',
  },
  chains: {
    title: 'On other chains', forSign: 'Sign the change for every chain', sign: 'Sign for every chain', carry: 'Carry it here', apply: 'Carry it out', use: 'Use this network',
    revoked: (names: string) => `Removed elsewhere, and may still sign here: ${names}.`, ready: (when: string) => `It can be carried out from ${when}.`,
    states: { unread: 'not read yet', absent: 'is not there', in_step: 'up to date', lacks: 'lacks a change', waits: 'a change waits', vetoed: 'the change was stopped', differs: 'has another history: change it there', behind: 'lacks a change that is not kept here' },
  },
  setting: {
    kinds: {
      guardians_begin: 'begin to set guardians', guardians_apply: 'set guardians', guardians_veto: 'stop the change of guardians',
      limit_begin: 'begin to set a limit', limit_apply: 'set a limit', limit_veto: 'stop a new limit',
      known_begin: 'begin to make an address known', known_apply: 'make an address known', known_veto: 'stop that an address becomes known',
      limit_lower: 'lower a limit', known_forget: 'forget a known address',
      owners_carry: 'bring a change of passkeys to this chain', owners_carry_apply: 'carry out a change of passkeys', owners_carry_veto: 'stop a change of passkeys',
      session_add: 'let a job’s key spend', session_end: 'end a job’s key',
      cosigner_begin: 'begin to add a co-signer', cosigner_apply: 'add a co-signer', cosigner_veto: 'stop that a co-signer is added',
      recovery_begin: 'begin a recovery', recovery_apply: 'recover an account', recovery_put_off: 'put a recovery off', recovery_freeze: 'freeze the account', recovery_cancel: 'take a recovery back', recovery_hold: 'hold the account',
    } satisfies Record<LateKind, string>,
    moves: {
      guardians_begin: 'Change of guardians begun', guardians_apply: 'Guardians set', guardians_veto: 'Change of guardians stopped',
      limit_begin: 'New limit begun', limit_apply: 'Limit set', limit_veto: 'New limit stopped',
      known_begin: 'Known address begun', known_apply: 'Address made known', known_veto: 'Known address stopped',
      limit_lower: 'Limit lowered', known_forget: 'Known address forgotten',
      owners_carry: 'Change of passkeys brought here', owners_carry_apply: 'Change of passkeys carried out', owners_carry_veto: 'Change of passkeys stopped',
      session_add: 'Job’s key added', session_end: 'Job’s key ended',
      cosigner_begin: 'Co-signer begun', cosigner_apply: 'Co-signer added', cosigner_veto: 'Co-signer stopped',
      recovery_begin: 'Recovery begun', recovery_apply: 'Account recovered', recovery_put_off: 'Recovery put off', recovery_freeze: 'Account frozen', recovery_cancel: 'Recovery taken back', recovery_hold: 'Account held',
    } satisfies Record<LateKind, string>,
    risk: {
      cosigner_begun: (p) => `After ${p.days} days “${p.name}”, a key in a server’s hands, is an owner, and ${p.number} must sign everything. Both happen in one step, so it never moves anything alone. It signs only payments within its limits that your passkey asks for. Until then every passkey of the account can stop this.`,
      cosigner_applied: (p) => `Once this is included, “${p.name}” is an owner, and ${p.number} must sign everything. What it does not sign waits until your passkey, as the guardian, has taken it off.`,
      cosigner_stopped: (p) => `“${p.name}” does not become an owner. It would have to begin anew.`,
      guardians_begun: (p) => (p.number === '0' ? `After ${p.days} days the account has no guardians any more.` : `After ${p.days} days any ${p.threshold} of ${p.number} guardians together can replace all passkeys of the account, after a delay of their own. They cannot spend.`) + ' Until then every passkey of the account can stop this.',
      guardians_applied: (p) => (p.number === '0' ? 'Once this is included, the account has no guardians any more.' : `Once this is included, any ${p.threshold} of ${p.number} guardians together can replace all passkeys of the account, after a delay of their own. They cannot spend.`),
      guardians_stay: () => 'The guardians stay as they are. The change would have to begin anew.',
      limit_begun: (p) => `After ${p.days} days one passkey alone can spend up to ${p.limit} within ${hours(p.hours)}, to anybody. Until then every passkey of the account can stop this.`,
      limit_applied: (p) => `Once this is included, one passkey alone can spend up to ${p.limit} within ${hours(p.hours)}, to anybody.`,
      limit_stays: () => 'The limit stays as it is. A new one would have to begin anew.',
      known_begun: (p) => `After ${p.days} days one passkey alone can send any amount to ${who(p)}. Until then every passkey of the account can stop this.`,
      known_applied: (p) => `Once this is included, one passkey alone can send any amount to ${who(p)}.`,
      limit_lowered: (p) => `Once this is included, one passkey alone can spend no more than ${p.limit} within ${hours(p.hours)}. To raise it again takes the delay.`,
      known_forgotten: (p) => `Once this is included, what is sent to ${who(p)} counts against limits.`,
      limit_within: (p) => `One passkey is enough: it keeps within the limit. Afterwards ${p.limit} of the limit are left.`,
      limit_known: () => 'One passkey is enough: the receiver is a known address. The fee counts against the limit of the network’s own coin.',
      limit_alone: () => 'One passkey is enough. The fee counts against the limit of the network’s own coin.',
      limit_over: (p) => `${p.limit} of the limit are left, and this is more. So ${p.signers} passkeys must sign.`,
      limit_fees: (p) => `Of the limit ${p.limit} are left for fees, and the highest fee of this is more. So ${p.signers} passkeys must sign.`,
      limit_no_ether: (p) => `The network’s own coin has no limit, so one passkey cannot even pay a fee. So ${p.signers} passkeys must sign.`,
      known_stays: () => 'The address does not become known. It would have to begin anew.',
      session_key: (p) => `Once this is included, whoever holds the key of ${p.address} acts for the account until ${until(p.until_ms)}, within what follows. No passkey is asked any more. Any one passkey can end it at once.`,
      session_sends: (p) => `It can send up to ${p.limit} in all, fees included, to ${who(p)} and to nobody else.`,
      session_pays: (p) => `It can send up to ${p.limit} in all to ${who(p)} and to nobody else.`,
      session_calls: (p) => `It can call the function ${p.function} of the contract ${who(p)} as often as it likes, with whatever it likes. What that can do with what is yours, the contract alone decides.`,
      session_fees: (p) => `It can spend up to ${p.limit} in all on fees and on what it sends along.`,
      session_ended: (p) => `Once this is included, the job’s key ${p.key === '?' ? `of number ${p.session}` : p.key} can do nothing any more.`,
      carry_adds: (p) => `Once this is included, ${p.owner === '?' ? 'a passkey that this wallet does not know' : `“${p.owner}”`} may sign for “${p.name}” on this chain.`,
      carry_removes: (p) => `“${p.owner}” may not sign for “${p.name}” on this chain any more, ${p.days === '0' ? 'from now on' : `after ${p.days} days. Until then every passkey can stop this`}.`,
      carry_threshold: (p) => `${p.number} must sign for “${p.name}” on this chain, ${p.days === '0' ? 'from now on' : `after ${p.days} days`}.`,
      carry_vetoed: (p) => `The passkeys of “${p.name}” stay as they are on this chain.`,
      recovery_begun: (p) => `In ${p.days} days “${p.name}” gets the passkey you asked for; its owners can put that off twice.`,
      recovery_applied: (p) => `From now on the passkey you asked for owns “${p.name}”, alone.`,
      recovery_put_off: (p) => `The recovery waits ${p.days} days again. It can be put off once more.`,
      recovery_put_off_last: (p) => `The recovery waits ${p.days} days again, for the last time.`,
      recovery_cancelled: (p) => `The guardians take their recovery of “${p.name}” back: its owners stay.`,
      recovery_held: (p) => `For ${p.days} days nothing leaves “${p.name}”, and its owners and settings stay as they are. It cannot be ended sooner.`,
      recovery_frozen: (p) => `For ${p.days} days nothing leaves the account, whoever signs. You can do this once.`,
    } satisfies Say<Pick<RiskParams, LateRisk>> as Say<Pick<RiskParams, LateRisk>>,
  },
};

export type AccountTexts = typeof accountEn;
