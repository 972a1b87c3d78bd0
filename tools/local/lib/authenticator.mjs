// An authenticator and a browser in a few lines: what navigator.credentials gives for one passkey, without a browser.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const RP_ID = 'passmesh.localhost';
const UP_UV = 0x05;
const AT = 0x40;

const sha256 = (bytes) => createHash('sha256').update(bytes).digest();
const base64 = (bytes) => Buffer.from(bytes).toString('base64url');
const cborBytes = (bytes) => Buffer.concat([bytes.length < 256 ? Buffer.from([0x58, bytes.length]) : Buffer.from([0x59, bytes.length >> 8, bytes.length & 255]), bytes]);
const cborText = (text) => Buffer.concat([Buffer.from([0x60 + text.length]), Buffer.from(text)]);

export class SoftPasskey {
  constructor(origin) {
    this.origin = origin;
    this.id = randomBytes(16);
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.key = privateKey;
    const { x, y } = publicKey.export({ format: 'jwk' });
    this.x = Buffer.from(x, 'base64url');
    this.y = Buffer.from(y, 'base64url');
  }

  clientData(type, challenge) {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false }));
  }

  /** For the options of account_create_begin: the params' member "response" of account_create_finish. */
  register({ challenge }) {
    const cose = Buffer.concat([Buffer.from('a5010203262001215820', 'hex'), this.x, Buffer.from('225820', 'hex'), this.y]);
    const length = Buffer.from([0, this.id.length]);
    const authData = Buffer.concat([sha256(RP_ID), Buffer.from([UP_UV | AT, 0, 0, 0, 0]), Buffer.alloc(16), length, this.id, cose]);
    const object = Buffer.concat([Buffer.from([0xa3]), cborText('fmt'), cborText('none'), cborText('attStmt'), Buffer.from([0xa0]), cborText('authData'), cborBytes(authData)]);
    return { credential_id: base64(this.id), client_data_json: base64(this.clientData('webauthn.create', challenge)), attestation_object: base64(object), transports: ['internal'] };
  }

  /** For an operation's request: the assertion. */
  assert({ challenge }) {
    const clientData = this.clientData('webauthn.get', challenge);
    const authData = Buffer.concat([sha256(RP_ID), Buffer.from([UP_UV, 0, 0, 0, 0])]);
    const signature = sign('sha256', Buffer.concat([authData, sha256(clientData)]), this.key);
    return { credential_id: base64(this.id), client_data_json: base64(clientData), authenticator_data: base64(authData), signature: base64(signature) };
  }
}
