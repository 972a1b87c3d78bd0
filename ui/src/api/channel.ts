/* Secrets between this page and the key process, past the wallet program that carries them: docs/keyd.md "The way of the PRF output".
 * ephemeral X25519 public key 32 | AES-256-GCM; key and nonce by HKDF from both public keys; the use is associated data. */
import { command } from './client';
import { decodeBase64url, encodeBase64url } from './base64url';

/** What a sealed message is for: the byte of the request in src/node/keyd/keyd_wire.h. */
export const USE = { asserted: 20, unlock: 21, unlockPhrase: 22, recovery: 24, import: 27, export: 33 } as const;
export type Use = (typeof USE)[keyof typeof USE];

type Bytes = Uint8Array<ArrayBuffer>;
const LABEL = new TextEncoder().encode('passmesh vault 1 prf channel');

async function makePair(): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey({ name: 'X25519' }, false, ['deriveBits'])) as CryptoKeyPair;
}

async function rawPublic(key: CryptoKey): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey('raw', key));
}

/** The message's cipher, from our private key, their public one, and who sends to whom. */
async function cipherOf(mine: CryptoKey, theirs: Bytes, sender: Bytes, receiver: Bytes): Promise<{ key: CryptoKey; iv: Bytes }> {
  const peer = await crypto.subtle.importKey('raw', theirs, { name: 'X25519' }, false, []);
  const shared = new Uint8Array(await crypto.subtle.deriveBits({ name: 'X25519', public: peer }, mine, 256));
  const base = await crypto.subtle.importKey('raw', shared, 'HKDF', false, ['deriveBits']);
  shared.fill(0);
  const salt = new Uint8Array([...sender, ...receiver]);
  const made = new Uint8Array(await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt, info: LABEL }, base, 44 * 8));
  const key = await crypto.subtle.importKey('raw', made.slice(0, 32), 'AES-GCM', false, ['encrypt', 'decrypt']);
  const iv = made.slice(32);
  made.fill(0);
  return { key, iv };
}

/** Seals secret, which is zeroed afterwards, to a key that the key process makes for this one message. */
export async function sealSecret(use: Use, secret: Bytes): Promise<string> {
  try {
    const receiver = decodeBase64url((await command('vault_channel', {})).public_key);
    const pair = await makePair();
    const sender = await rawPublic(pair.publicKey);
    const { key, iv } = await cipherOf(pair.privateKey, receiver, sender, receiver);
    const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: new Uint8Array([use]) }, key, secret));
    return encodeBase64url(new Uint8Array([...sender, ...sealed]).buffer);
  } finally {
    secret.fill(0);
  }
}

/** A key of this page for one secret that comes the other way. */
export interface Receiver {
  publicKey: string;
  open(use: Use, sealed: string): Promise<Bytes>;
}

export async function makeReceiver(): Promise<Receiver> {
  const pair = await makePair();
  const receiver = await rawPublic(pair.publicKey);
  return {
    publicKey: encodeBase64url(receiver.buffer),
    async open(use, text) {
      const sealed = decodeBase64url(text);
      const sender = sealed.slice(0, 32);
      const { key, iv } = await cipherOf(pair.privateKey, sender, sender, receiver);
      return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: new Uint8Array([use]) }, key, sealed.slice(32)));
    },
  };
}
