/* English texts of the screen Ways in, which come with it. */
const s = (n: number, one: string, many: string): string => (n === 1 ? one : many);

export const recoveryEn = {
  title: 'Ways in', guardians: 'Guardians', anyOf: (n: number, of: number) => `Guardians, any ${n} of ${of}`, byPractice: 'Proven by practice, on the screen Guardians.', noWay: 'No way of their own: an owner is needed among them.', lead: 'What is never used is forgotten, lost or broken without a word. Prove each way in now, and again every half year: the wallet calls an account safe for money only with two proven ways, one of which may be lost.',
  vault: 'The vault of ordinary accounts', vaultLead: 'Any one of these opens it.', noVault: 'There is no vault: ordinary accounts need one.',
  safe: 'Safe for money', unsafe: 'Not yet safe for money', passkey: (n: number) => `Passkey ${n}`, phrase: 'Recovery phrase', addWays: 'Add a way in',
  proven: (when: string) => `proven ${when}`, never: 'never proven', due: (when: string) => `to be proven again; last ${when}`,
  prove: 'Prove', proveIt: (what: string) => `Prove: ${what}`, done: (what: string) => `${what}: proven`, forProve: (what: string) => `Prove that it still lets you in: ${what}`,
  typePhrase: 'The twelve words, from the paper', elsewhere: 'Another wallet of yours knows it; prove it there.', watch: 'Only watched: there is no way in.',
  ofVault: 'Its key is in the vault, so its ways in are those of the vault.', owners: (n: number) => `${n} ${s(n, 'way', 'ways')} in`, asking: 'the ways in',
  backup: 'Backup file', backupLead: 'Accounts, contacts, settings and the vault in one encrypted file. Any passkey of the vault opens it, or the recovery phrase; nothing else does. Keep it on another device.',
  makeBackup: 'Make a backup file', checkBackup: 'Prove a backup file: choose it', older: 'The vault has changed since: make a new file.', kept: (accounts: number, contacts: number) => `The file is made: ${accounts} ${s(accounts, 'account', 'accounts')}, ${contacts} ${s(contacts, 'contact', 'contacts')}`,
  copies: 'Copies with servers', copiesLead: 'Servers keep the sealed vault for you, so that a new device needs nothing but its passkey. They can neither open it nor see what is in it. Each opening of the vault by a passkey makes the copies last another 90 days.',
  copiesKept: (n: number, when: string) => `${n} ${s(n, 'server keeps', 'servers keep')} it until ${when}`, copiesNone: 'no server keeps a copy: open the vault with its passkey while servers are there',
  findLead: 'With a passkey alone: servers that keep the sealed vault of your ordinary accounts are asked for it.', find: 'Look for it with a passkey', forFind: 'Ask servers for your sealed vault', found: 'The vault is here, and locked.', backCopy: 'Your vault is back, and its accounts with it',
  restore: 'Bring a wallet back', restoreLead: 'Choose the file. Then a passkey of its vault, or the recovery phrase, opens it.', choose: 'Backup file', brought: 'The file is here. Its vault is locked.', openIt: 'Open with a passkey', byPhrase: 'Open with the phrase',
  back: (accounts: number, contacts: number) => `Back: ${accounts} ${s(accounts, 'account', 'accounts')}, ${contacts} ${s(contacts, 'contact', 'contacts')}`,
};

export type RecoveryTexts = typeof recoveryEn;
