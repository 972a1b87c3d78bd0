// A software passkey: what an authenticator and a browser together make of a challenge, and every way to do it wrong.
import { createHash } from 'node:crypto';
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
const digest = (...parts) => {
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
    const hash = digest(authData, digest(json));
    const signature = p256.sign(hash, this.secret, { prehash: false, lowS: true });
    let { s } = signature;
    if (o.highS) {
      s = N - s;
    }
    return {
      r: word(signature.r),
      s: word(s),
      challengeIndex: o.challengeIndex ?? Buffer.from(json).indexOf('"challenge"'),
      typeIndex: o.typeIndex ?? Buffer.from(json).indexOf('"type"'),
      authenticatorData: toHex(authData),
      clientDataJSON: json,
    };
  }

  /** [owner, signature], as encodeSignature takes them. */
  sign(hash, o) {
    return [this.owner, encodeWebAuthn(this.assert(hash, o))];
  }
}
