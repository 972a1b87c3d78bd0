/* English texts about the protection of an account, loaded with the screen that shows them. */
const s = (n: number, one: string, many: string): string => (n === 1 ? one : many);

export const accountEn = {
  threshold: {
    title: 'Signatures', now: (n: number, of: number) => (n === 1 ? `One of ${of} passkeys is enough.` : `${n} of ${of} passkeys must sign everything.`),
    why: 'With two signatures, a thief who gets hold of one device can take nothing. Have one passkey more than are needed, or losing one loses everything.',
    ask: (n: number) => `Ask for ${n} ${s(n, 'signature', 'signatures')}`, waits: (n: number, when: string) => `The change to ${n} ${s(n, 'signature', 'signatures')} can be carried out from ${when}.`,
    ready: (n: number) => `The waiting time is over: ${n} ${s(n, 'signature', 'signatures')} can be asked for from now on.`, stopHelp: 'Until it is carried out, any passkey of the account can stop it.',
    veto: 'Stop the change', apply: 'Carry it out',
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
};

export type AccountTexts = typeof accountEn;
