// A software passkey: what an authenticator and a browser together make of a challenge, and every way to do it wrong.
import { createHash, createPrivateKey, sign } from 'node:crypto';
import { p256 } from '@noble/curves/p256';
import { hexToBytes, toHex } from 'viem';
import { encodeWebAuthn, passkeyOwner } from './account.mjs';

export const ORIGIN = 'http://passmesh.localhost:7878';
export const RP_ID = 'passmesh.localhost';
export const UP = 0x01;
export const UV = 0x04;
export const BE = 0x08;
export const BS = 0x10;

const N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
export const digest = (...parts) => {
  const h = createHash('sha256');
  parts.forEach((p) => h.update(p));
  return h.digest();
};
const word = (n) => toHex(n, { size: 32 });

/** The serialisation of WebAuthn Level 3; extra members follow. */
export function clientData(challenge, { type = 'webauthn.get', origin = ORIGIN, crossOrigin = false, extra = '' } = {}) {
  const text = Buffer.from(hexToBytes(challenge)).toString('base64url');
  return `{"type":"${type}","challenge":"${text}","origin":"${origin}","crossOrigin":${crossOrigin}${extra}}`;
}

export class Passkey {
  /** seed: any text; the same seed gives the same key. */
  constructor(verifier, seed, origin = ORIGIN) {
    this.secret = digest(`passmesh test passkey ${seed}`);
    const point = p256.getPublicKey(this.secret, false);
    this.qx = toHex(point.slice(1, 33));
    this.qy = toHex(point.slice(33, 65));
    this.origin = origin;
    this.owner = passkeyOwner(verifier, this.qx, this.qy, origin);
  }

  /** The assertion for a 32-byte challenge. Any field can be replaced: json, flags, authData, typeIndex, highS, ... */
  assert(challenge, o = {}) {
    const json = o.json ?? clientData(challenge, { origin: this.origin, ...o });
    const flags = o.flags ?? UP | UV;
    const authData = o.authData ?? Buffer.concat([digest(RP_ID), Buffer.from([flags]), Buffer.from([0, 0, 0, 1])]);
    const { r, s: any } = o.fast ? this.signFast(authData, json) : p256.sign(digest(authData, digest(json)), this.secret, { prehash: false });
    const low = any > N / 2n ? N - any : any;
    const s = o.highS ? N - low : low;
    return {
      r: word(r),
      s: word(s),
      challengeIndex: o.challengeIndex ?? Buffer.from(json).indexOf('"challenge"'),
      typeIndex: o.typeIndex ?? Buffer.from(json).indexOf('"type"'),
      authenticatorData: toHex(authData),
      clientDataJSON: json,
    };
  }

  /** By OpenSSL: a hundred times faster, and another signature each time. */
  signFast(authData, json) {
    const base64 = (hex) => Buffer.from(hexToBytes(hex)).toString('base64url');
    this.native ??= createPrivateKey({
      format: 'jwk',
      key: { kty: 'EC', crv: 'P-256', x: base64(this.qx), y: base64(this.qy), d: this.secret.toString('base64url') },
    });
    const raw = sign('sha256', Buffer.concat([authData, digest(json)]), { key: this.native, dsaEncoding: 'ieee-p1363' });
    return { r: BigInt(toHex(raw.subarray(0, 32))), s: BigInt(toHex(raw.subarray(32))) };
  }

  /** [owner, signature], as encodeSignature takes them. */
  sign(hash, o) {
    return [this.owner, encodeWebAuthn(this.assert(hash, o))];
  }
}
