/* English texts of guardians and recovery; they come with their screen. */
export const guardianEn = {
  title: 'Guardians',
  lead: 'Guardians are people you trust, or keys of your own in other places. Together they can give an account a new passkey, after a delay. They can spend nothing.',
  /* the account's own */
  mine: (name: string) => `Guardians of “${name}”`, reading: 'Reading the guardians',
  states: {
    no_account: 'The account is not on this network yet.', version_1: 'The account has version 1, which knows no guardians. Move it to version 2 on the account’s screen.',
    no_guardians: 'Nobody can help you back into this account yet.', quiet: 'They do nothing now.', under_way: 'They are replacing the passkeys of this account.',
  },
  /* asked for something else than help */
  wishes: {
    practice: { ask: 'Practise with them', open: 'Practice only: the owner wants to see that his guardians can be reached and sign. Nothing happens, and no contract takes what you sign.' },
    cancel: { ask: 'Have them take it back', open: 'The guardians shall take back the recovery of this account. Its owners stay.' },
    hold: { ask: 'Have them hold the account', open: 'The guardians shall hold this account: for their delay nothing leaves it, and owners and settings stay as they are.' },
  },
  wishHelp: 'Practice costs nothing, changes nothing, and proves that they let you back in.', wayProven: 'That is enough: this way in is proven.',
  held: (when: string) => `The guardians hold it until ${when}.`, rename: 'Name', keep: 'Keep', yourName: 'What the owner shall call you',
  rule: (threshold: number, count: number, days: number) => `Any ${threshold} of ${count} together; what they decide waits ${days} days.`,
  kinds: { passkey: 'Passkey', key: 'Ethereum key', other: 'Contract or other key' }, you: 'of this wallet', answered: 'has answered',
  readyAt: (when: string) => `It can be carried out from ${when}.`,
  alarm: 'If you did not ask for this, put it off now and move your money. After two times nobody can stop them any more.',
  left: (n: number) => `It can be put off ${n === 1 ? 'once more' : `${n} times`}.`,
  putOff: 'Put it off', freeze: 'Freeze the account', freezeHelp: 'Nothing leaves a frozen account for its waiting time, whoever signs; money still comes in. You can do it once.',
  frozen: (when: string) => `Frozen until ${when}.`, forBrake: 'Stop', signs: 'Your passkey signs twice: that it shall stop, and the operation that says so.',
  ownName: 'Be somebody’s guardian', ownNameHelp: 'Give this text to the owner of the other account. It is no secret.', show: 'Show my text', qr: 'The text as a QR code', copy: 'Copy',
  /* set */
  set: 'Set other guardians', setHelp: 'One in each line: the text from a guardian’s wallet, or the address of an Ethereum key; a name of your own may stand before it: Anna = text. None: the account has no guardians any more.',
  list: 'Guardians', threshold: 'How many together', days: 'Days of delay, 1 to 30', begin: 'Begin', badNumber: 'A number from 1 to the number of guardians, at most 5.', badDays: '1 to 30.',
  /* the guardian */
  help: 'Help somebody', helpLead: 'Somebody whose guardian you are has sent you a request. Paste it here.', text: 'The request', open: 'Read it', opening: 'reading the request',
  asks: 'The account below shall belong to a new passkey. Whoever holds it can move everything in the account.', account: 'The account', removes: (n: number) => `Its ${n === 1 ? 'passkey is' : `${n} passkeys are`} taken away.`,
  code: 'Compare this code', codeHelp: 'Call the person, or meet. Do not use the way by which the request came. Ask whether it is from him, and let him read you the code.',
  confirm: 'I have asked the person, and the code is the same.', sign: 'Sign as guardian', signAs: 'Guardian', signed: 'Your answer', signedHelp: 'Send this text back to the person.',
  notNow: (state: string) => `It cannot be signed now (${state}).`, notYou: 'No account of this wallet is a guardian there.', forSign: 'Sign as guardian',
  /* the person */
  back: 'Get an account back', backLead: 'If you have lost every passkey of an account that has guardians: make a new account here first, which pays the fees, and put a little money on it. Then ask the guardians.',
  address: 'Address of the lost account', name: 'Its name here', ask: 'Ask the guardians', asking: 'asking the guardians', badAddress: 'An address begins with 0x and has 42 characters.', look: 'Look it up',
  request: 'Your request', requestHelp: 'Send this text to each guardian. They will ask you for the code in another way.',
  have: (n: number, of: number) => `${n} of ${of} have answered.`, outdated: 'The account has moved on since; ask anew.', answer: 'An answer', take: 'Take the answer', send: 'Begin the recovery', sendHelp: 'That is enough.',
  waits: (when: string) => `Your recovery is under way. It can be carried out from ${when}.`, apply: 'Carry it out', forget: 'Drop the request', done: 'The account belongs to your passkey again.',
  /* an operation that owners with different wallets sign */
  together: {
    title: 'Sign together', lead: 'Other owners of this account, with wallets of their own, must sign too. Give this text to each of them, and bring back their answers.', give: 'Show the text for the others',
    text: 'The operation', code: 'Compare this code', codeHelp: 'Whoever sent this must see the same code.', holds: 'A signature holds until the account has done another operation in its place.', until: (when: string) => `It waits until ${when}.`,
    have: (n: number, of: number) => `${n} of ${of} have signed.`, answer: 'An answer', take: 'Take the answer', whole: 'All have signed.',
    openLead: 'Another owner of an account has sent you an operation that he has signed. Paste it here.', open: 'Read it', opening: 'reading the operation', account: 'The account that would do it',
    what: { payment: 'Pays', token: 'Pays', owners: 'Changes the owners:', veto: 'Stops a change that waits.', own: 'Changes the account. What exactly cannot be said here.', unknown: 'Does something that cannot be read here:' },
    noToken: 'of an unknown token', owners: (added: number, removed: number, threshold: number) => `${added} come, ${removed} go, and ${threshold} must sign then.`,
    confirm: 'I have read what it does, and want it.', sign: 'Sign it', signAs: 'Passkey of', signed: 'Your answer, for the wallet that it came from',
    notNow: (state: string) => `It cannot be signed now (${state}).`, notYou: 'No passkey of this wallet owns that account.',
  },
};

export type GuardianTexts = typeof guardianEn;
