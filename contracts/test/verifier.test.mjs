import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { concat, encodeAbiParameters, keccak256, toHex } from 'viem';
import { privateKeyToAccount, sign } from 'viem/accounts';
import { encodeWebAuthn } from '../lib/account.mjs';
import { BE, BS, clientData, ORIGIN, Passkey, RP_ID, UP, UV } from '../lib/passkey.mjs';
import { deployments, makeWorld, read, verifierAbi } from '../lib/world.mjs';

const VALID = '0x024ad318';
const INVALID = '0xffffffff';
const hash = keccak256('0x1234');
const challenge = Buffer.from(hash.slice(2), 'hex').toString('base64url');
const key = new Passkey(deployments.webauthn_verifier.address, 'a');
const keyBytes = (k) => `0x${k.owner.slice(42)}`;
const rpHash = createHash('sha256').update(RP_ID).digest();
const authData = (flags, tail = '') => Buffer.concat([rpHash, Buffer.from([flags, 0, 0, 0, 9]), Buffer.from(tail, 'hex')]);
const EVIL = 'http://evil.example';
const C = `"challenge":"${challenge}"`;
const T = '"type":"webauthn.get"';
const O = `"origin":"${ORIGIN}"`;
const X = '"crossOrigin":false';
const E = `"origin":"${EVIL}"`;

// Signed, so only the text decides. The indices are those of the first occurrence, with last those of the last.
const accepted = {
  'as the specification serialises it': {},
  'without crossOrigin': { json: `{${T},${C},${O}}` },
  'any member order': { json: `{${X},${O},${C},${T}}` },
  'an unknown member, as Chromium adds': { extra: ',"other_keys_can_be_added_here":"do not compare clientDataJSON against a template. See https://goo.gl/yabPex"' },
  'unknown members of every kind, everywhere': { json: `{"a":null,${T},"b":-1.5e3,"c":true,${C},"d":[1,[2,{"e":"]}"}]],${O},"f":{},"g":[],"h":"","i":{"j":{"k":{}}}}` },
  'an unknown member with escapes': { json: `{${T},"a":"\\\\\\"} ,\\u0022","b":"\\\\",${C},${O}}` },
  'a nested object with its own origin': { json: `{${T},"a":{${E}},${C},${O}}` },
  'a string that quotes an origin': { json: `{${T},"a":"\\"origin\\":\\"${EVIL}\\"",${C},${O}}` },
  'unicode in an unknown member': { json: `{${T},"é":"ü€🙂",${C},${O}}` },
  'white space inside an unknown member': { json: `{${T},"a":{ "b" : [ 1 ] },${C},${O}}` },
  'a very long unknown member': { json: `{${T},"a":"${'x'.repeat(3000)}",${C},${O}}` },
  'a topOrigin': { extra: `,"topOrigin":"${ORIGIN}"` },
  'eligible for backup': { flags: UP | UV | BE },
  'backed up': { flags: UP | UV | BE | BS },
  'extension data, 84 bytes in all': { authData: authData(UP | UV | 0x80, 'a1'.repeat(47)) },
  'a large counter': { authData: Buffer.concat([rpHash, Buffer.from([UP | UV, 0xff, 0xff, 0xff, 0xff])]) },
};
for (let length = 0; length <= 70; length += 1) {
  accepted[`an unknown string of ${length} bytes`] = { json: `{"n":"${'y'.repeat(length)}",${T},${C},${O}}` };
}

const refused = {
  'no user presence': { flags: UV },
  'no user verification': { flags: UP },
  'neither': { flags: 0 },
  'backed up but not eligible': { flags: UP | UV | BS },
  'authenticator data of 36 bytes': { authData: authData(UP | UV).subarray(0, 36) },
  'no authenticator data': { authData: Buffer.alloc(0) },
  'high s': { highS: true },
  'type webauthn.create': { type: 'webauthn.create' },
  'type webauthn.gett': { type: 'webauthn.gett' },
  'type payment.get': { type: 'payment.get' },
  'another origin': { origin: EVIL },
  'another port': { origin: 'http://passmesh.localhost:7879' },
  'another scheme': { origin: 'https://passmesh.localhost:7878' },
  'origin with a tail': { origin: `${ORIGIN}.evil.example` },
  'origin with a slash': { origin: `${ORIGIN}/` },
  'an empty origin': { origin: '' },
  'no origin': { json: `{${T},${C},${X}}` },
  'no type': { json: `{${C},${O},${X}}`, typeIndex: 1 },
  'no challenge': { json: `{${T},${O},${X}}`, challengeIndex: 1 },
  'origin twice, the right one first': { json: `{${T},${C},${O},${E}}` },
  'origin twice, the right one last': { json: `{${T},${C},${E},${O}}` },
  'the same origin twice': { json: `{${T},${C},${O},${O}}` },
  'type twice': { json: `{"type":"webauthn.create",${T},${C},${O}}`, last: true },
  'challenge twice': { json: `{"challenge":"",${T},${C},${O}}`, last: true },
  'the origin only in a nested object': { json: `{${T},${C},"a":{${O}}}` },
  'the origin only in a nested array': { json: `{${T},${C},"a":[{${O}}]}` },
  'the origin only inside a string': { json: `{${T},${C},${E},"a":"${O.replaceAll('"', '\\"')}"}` },
  'a nested origin beside a foreign one': { json: `{${T},${C},"a":{${O}},${E}}` },
  'type and challenge only in a nested object': { json: `{"type":"webauthn.create","challenge":"","a":{${T},${C}},${O}}`, last: true },
  'type only in a nested object': { json: `{"type":"webauthn.create","a":{${T}},${C},${O}}`, last: true },
  'challenge only in a nested object': { json: `{${T},"challenge":"","a":{${C}},${O}}`, last: true },
  'type pointed at inside a string, quotes and all': { json: `{"a":"\\${T}",${C},${O}}`, last: true },
  'type index one too far': { typeIndex: 2 },
  'type index at zero': { typeIndex: 0 },
  'type index huge': { typeIndex: 2n ** 256n - 1n },
  'type index behind the end': { typeIndex: 10_000 },
  'challenge index one too far': { challengeIndex: 24 },
  'challenge index huge': { challengeIndex: 2n ** 256n - 1n },
  'challenge index at the type': { challengeIndex: 1 },
  'an escaped name of the origin': { json: `{${T},${C},"origi\\u006e":"${ORIGIN}"}` },
  'an escaped name beside the origin': { json: `{${T},${C},${O},"origi\\u006e":"${EVIL}"}` },
  'an escape in the origin': { json: `{${T},${C},"origin":"${ORIGIN.replace('p', '\\u0070')}"}` },
  'an origin that is no string': { json: `{${T},${C},"origin":["${ORIGIN}"]}` },
  'an origin that is an object': { json: `{${T},${C},"origin":{"a":"${ORIGIN}"}}` },
  'embedded in another origin': { crossOrigin: true },
  'crossOrigin that is no boolean': { json: `{${T},${C},${O},"crossOrigin":"false"}` },
  'crossOrigin twice': { json: `{${T},${C},${O},"crossOrigin":true,${X}}` },
  'a white space in front': { json: ` {${T},${C},${O}}` },
  'white space between tokens': { json: `{${T}, ${C},${O}}` },
  'white space before a value': { json: `{${T},"a": 1,${C},${O}}` },
  'white space after a value': { json: `{${T},"a":1 ,${C},${O}}` },
  'a line feed before a value': { json: `{${T},"a":\n"b",${C},${O}}` },
  'white space behind': { json: `{${T},${C},${O}} ` },
  'another object behind': { json: `{${T},${C},${O}}{}` },
  'a trailing comma': { json: `{${T},${C},${O},}` },
  'a missing brace': { json: `{${T},${C},${O}` },
  'a string that does not end': { json: `{${T},${C},${O},"a":"` },
  'a string that ends in a backslash': { json: `{${T},${C},${O},"a":"\\` },
  'a string whose closing quote is escaped': { json: `{${T},${C},${O},"a":"\\"}` },
  'an array that does not end': { json: `{${T},${C},${O},"a":[1` },
  'a member without a value': { json: `{${T},"a":,${C},${O}}` },
  'a member without a colon': { json: `{${T},"a",${C},${O}}` },
  'a name that is no string': { json: `{${T},a:1,${C},${O}}` },
  'an array for an object': { json: `[${T},${C},${O}]` },
  'an empty object': { json: '{}', typeIndex: 0, challengeIndex: 0 },
  'nothing': { json: '', typeIndex: 0, challengeIndex: 0 },
  'a padded challenge': { json: `{${T},"challenge":"${challenge}=",${O}}` },
  'a longer challenge': { json: `{${T},"challenge":"${challenge}A",${O}}` },
  'a shorter challenge': { json: `{${T},"challenge":"${challenge.slice(0, -1)}",${O}}` },
};

test('passkey verifier', async (t) => {
  const w = await makeWorld();
  t.after(() => w.stop());
  const verify = (k, h, signature) => read(w, deployments.webauthn_verifier.address, 'verify', [k, h, signature], verifierAbi);

  for (const [name, how] of Object.entries(accepted)) {
    await t.test(`accepted: ${name}`, async () => {
      if (how.json) {
        JSON.parse(how.json);
      }
      assert.equal(await verify(keyBytes(key), hash, key.sign(hash, how)[1]), VALID);
    });
  }
  for (const [name, how] of Object.entries(refused)) {
    await t.test(`refused: ${name}`, async () => {
      const indices = how.last && { typeIndex: how.json.lastIndexOf(T), challengeIndex: how.json.lastIndexOf(C) };
      assert.equal(await verify(keyBytes(key), hash, key.sign(hash, { ...how, ...indices })[1]), INVALID);
    });
  }

  await t.test('refused: every shorter encoding, and every padding byte set', async () => {
    const good = key.sign(hash)[1];
    const bytes = (good.length - 2) / 2;
    for (let n = 0; n < bytes; n += 7) {
      assert.equal(await verify(keyBytes(key), hash, good.slice(0, 2 + 2 * n)), INVALID, `${n} bytes`);
    }
    const json = clientData(hash).length;
    for (const i of [0xe0 + 37, 0xe0 + 63, 0x120 + 32 + json, bytes - 1]) {
      const dirty = `${good.slice(0, 2 + 2 * i)}01${good.slice(4 + 2 * i)}`;
      assert.equal(await verify(keyBytes(key), hash, dirty), INVALID, `byte ${i}`);
    }
  });

  await t.test('refused: other encodings of the same values', async () => {
    const auth = key.assert(hash);
    const good = encodeWebAuthn(auth);
    const word = (n) => toHex(n, { size: 32 });
    const json = toHex(auth.clientDataJSON);
    const pad32 = (hex) => `${hex.slice(2)}${'0'.repeat((64 - ((hex.length - 2) % 64)) % 64)}`;
    const bytesOf = (hex) => `${word((hex.length - 2) / 2).slice(2)}${pad32(hex)}`;
    const head = (a, j) => `${auth.r}${auth.s.slice(2)}${word(auth.challengeIndex).slice(2)}${word(auth.typeIndex).slice(2)}${word(a).slice(2)}${word(j).slice(2)}`;
    const A = bytesOf(auth.authenticatorData);
    const J = bytesOf(json);
    assert.equal(`${head(0xc0, 0xc0 + A.length / 2)}${A}${J}`, good, 'the helper makes the usual form');
    assert.equal(await verify(keyBytes(key), hash, good), VALID);
    assert.equal(await verify(keyBytes(key), hash, `${head(0xc0 + J.length / 2, 0xc0)}${J}${A}`), INVALID, 'the other order');
    assert.equal(await verify(keyBytes(key), hash, `${head(0xe0, 0xe0 + A.length / 2)}${'0'.repeat(64)}${A}${J}`), INVALID, 'a gap');
    assert.equal(await verify(keyBytes(key), hash, `${good}${'0'.repeat(64)}`), INVALID, 'a trailing word');
    const struct = `${word(0x20)}${good.slice(2)}`;
    assert.equal(await verify(keyBytes(key), hash, struct), INVALID, 'as one struct with its own offset');
  });

  await t.test('refused: keys of another length, another key, another hash', async () => {
    const good = key.sign(hash)[1];
    for (const n of [0, 20, 32, 64, 95]) {
      assert.equal(await verify(keyBytes(key).slice(0, 2 + 2 * n), hash, good), INVALID, `${n} bytes`);
    }
    assert.equal(await verify(`${keyBytes(key)}00`, hash, good), INVALID);
    assert.equal(await verify(keyBytes(new Passkey(deployments.webauthn_verifier.address, 'b')), hash, good), INVALID);
    assert.equal(await verify(keyBytes(new Passkey(deployments.webauthn_verifier.address, 'a', EVIL)), hash, good), INVALID);
    assert.equal(await verify(keyBytes(key), keccak256('0x1235'), good), INVALID);
    assert.equal(await verify(concat([toHex(0, { size: 64 }), toHex(createHash('sha256').update(ORIGIN).digest())]), hash, good), INVALID, 'a key off the curve');
  });

  await t.test('accepted: a key of another origin, used there', async () => {
    const there = new Passkey(deployments.webauthn_verifier.address, 'c', 'https://wallet.example:8443');
    assert.equal(await verify(keyBytes(there), hash, there.sign(hash)[1]), VALID);
  });
});

test('ordinary key verifier', async (t) => {
  const w = await makeWorld();
  t.after(() => w.stop());
  const verify = (k, s) => read(w, deployments.secp256k1_verifier.address, 'verify', [k, hash, s], verifierAbi);
  const secret = keccak256('0x99');
  const { address } = privateKeyToAccount(secret);
  const good = await sign({ hash, privateKey: secret, to: 'hex' });

  await t.test('accepted: its signature', async () => assert.equal(await verify(address, good), VALID));
  await t.test('refused: high s, another length, another key', async () => {
    const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const s = toHex(n - BigInt(`0x${good.slice(66, 130)}`), { size: 32 });
    const v = good.endsWith('1b') ? '1c' : '1b';
    assert.equal(await verify(address, `${good.slice(0, 66)}${s.slice(2)}${v}`), INVALID);
    assert.equal(await verify(address, `${good}00`), INVALID);
    assert.equal(await verify(address, '0x'), INVALID);
    assert.equal(await verify(w.accounts[0], good), INVALID);
    assert.equal(await verify(encodeAbiParameters([{ type: 'address' }], [address]), good), INVALID);
    assert.equal(await verify('0x0000000000000000000000000000000000000000', `0x${'00'.repeat(65)}`), INVALID);
  });
});
