// What a walk through the wallet needs whatever browser it is in: checks that end it, the program's link, and what the page ought
// to show.
import { execFile } from 'node:child_process';
import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { formatEther, getAddress, pad, toHex } from 'viem';
import { passkeyOwner } from '../../../contracts/lib/account.mjs';
import { programs } from './build.mjs';
import { Chain } from './chain.mjs';
import { deployments } from './network.mjs';
import { Fault } from './say.mjs';

export const newAddress = () => getAddress(toHex(randomBytes(20)));

/** The public key of what an authenticator tells of a passkey: PKCS #8, base64 of either alphabet. */
export function publicKeyOf(privateKey) {
  const key = createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' });
  const { x, y } = createPublicKey(key).export({ format: 'jwk' });
  return { qx: toHex(Buffer.from(x, 'base64url')), qy: toHex(Buffer.from(y, 'base64url')) };
}

/** As the page shows an amount: cut after the sixth decimal with a sign of it, no zeros at the end. */
export function shownEther(wei) {
  const exact = formatEther(wei);
  return exact.replace(/(\.\d{6})\d+$/, '$1').replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '') + (/\.\d{7,}$/.test(exact) ? '…' : '');
}

/** A walk of one person: a home, a chain to ask, and checks that are told to `tell`. */
export class Walk {
  constructor({ name, network, dir, port, tell }) {
    Object.assign(this, { network, dir, port, tell, shots: 0, held: 0 });
    this.home = join(dir, `wallet-${name}`);
    this.chain = new Chain(network.rpc);
  }

  /** Says what was checked, and ends the walk if it does not hold. */
  check(what, holds, found = '') {
    this.tell(holds, what);
    if (!holds) {
      throw new Fault(`not so: ${what}${found === '' ? '' : ` (found: ${found})`}`);
    }
    this.held += 1;
  }

  equal(what, found, wanted) {
    const plain = (v) => (typeof v === 'string' ? v.toLowerCase() : v);
    this.check(`${what}: ${wanted}`, plain(found) === plain(wanted), String(found));
  }

  /** Where the next screenshot goes. */
  shotPath(out, name, prefix) {
    this.shots += 1;
    return join(out, [prefix, String(this.shots).padStart(2, '0'), `${name}.png`].filter(Boolean).join('-'));
  }

  /** An address of the page with a new code. */
  async link() {
    const { stdout } = await promisify(execFile)(programs.passmesh, ['--home', this.home, 'open', '--print']);
    return stdout.trim().split('\n').at(-1);
  }

  /** The address on the page is what the factory on the chain gives for this passkey. */
  async checkAddress(privateKey, shown) {
    const { qx, qy } = publicKeyOf(privateKey);
    const owner = passkeyOwner(deployments.webauthn_verifier.address, qx, qy, this.daemon.origin);
    this.address = await this.chain.addressOf([owner], 1n, pad('0x', { size: 32 }));
    this.check(`the address shown is what the factory on the chain gives for this passkey: ${this.address}`, shown.includes(this.address), shown.join(' '));
    this.check('the account is not on the chain yet', !(await this.chain.hasCode(this.address)));
  }

  async checkMoney(ether, tokens) {
    this.equal('wei of the account on the chain', await this.chain.ether(this.address), ether);
    this.equal('test tokens on the chain', await this.chain.tokens(this.address), tokens);
  }

  /** What was sent has arrived, and what is left is the rest but for the fee that the event names. */
  async checkSent({ to, sent, had, event }) {
    this.equal('wei of the receiver', await this.chain.ether(to), sent);
    const left = (await this.chain.ether(this.address)) + (await this.chain.deposit(this.address));
    this.equal('wei left, with the deposit for fees', left, had - sent - event.actualGasCost);
  }

  /** The one operation of this nonce, as the EntryPoint tells it. */
  async checkOperation(nonce) {
    const mine = (await this.chain.operations(this.address)).filter((o) => o.nonce === nonce);
    this.equal(`UserOperationEvents with nonce ${nonce}`, mine.length, 1);
    this.check('the EntryPoint says success', mine[0].success);
    this.equal('it is the operation whose hash was shown', mine[0].userOpHash, this.userOpHash);
    this.equal('next nonce at the EntryPoint', await this.chain.nonce(this.address), nonce + 1n);
    this.check('the account is on the chain', await this.chain.hasCode(this.address));
    return mine[0];
  }
}
