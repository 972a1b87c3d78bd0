// clientDataJSON made at random, half of it broken at random, before the verifier on chain and before JSON.parse.
// repeat one run: PASSMESH_SEED=… contracts/test.sh test/random.test.mjs
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomInt } from 'node:crypto';
import { keccak256 } from 'viem';
import { ORIGIN, Passkey } from '../lib/passkey.mjs';
import { deployments, makeWorld, read, verifierAbi } from '../lib/world.mjs';

const SEED = Number(process.env.PASSMESH_SEED ?? randomInt(2 ** 31));
const CASES = process.env.PASSMESH_LONG ? 100_000 : 1_500;
const hash = keccak256('0x5678');
const challenge = Buffer.from(hash.slice(2), 'hex').toString('base64url');

/** A stream of numbers below n that depends on the seed alone. */
function makeRandom(seed) {
  let block = Buffer.alloc(0);
  let counter = 0;
  return (n) => {
    if (block.length < 4) {
      block = createHash('sha256').update(`${seed} ${counter}`).digest();
      counter += 1;
    }
    const value = block.readUInt32BE(0);
    block = block.subarray(4);
    return value % n;
  };
}

const pick = (random, list) => list[random(list.length)];

function text(random) {
  const parts = ['a', '\\"', '\\\\', '{', '}', ',', ':', '[', ']', '\\u0022', 'é', '🙂', '"origin":"'.replaceAll('"', '\\"'), ORIGIN, 'x'.repeat(31), 'y'.repeat(32), ' '];
  return Array.from({ length: random(6) }, () => pick(random, parts)).join('');
}

function value(random, depth = 0) {
  const kind = random(depth > 3 ? 4 : 6);
  if (kind === 0) return `"${text(random)}"`;
  if (kind === 1) return String(random(1000));
  if (kind === 2) return pick(random, ['true', 'false', 'null']);
  if (kind === 3) return pick(random, [`"${ORIGIN}"`, '"webauthn.get"', `"${challenge}"`, '""']);
  if (kind === 4) return `[${Array.from({ length: random(4) }, () => value(random, depth + 1)).join(',')}]`;
  return `{${Array.from({ length: random(4) }, () => `${name(random)}:${value(random, depth + 1)}`).join(',')}}`;
}

const name = (random) => pick(random, ['"origin"', '"type"', '"challenge"', '"crossOrigin"', '"a"', '""', '"topOrigin"', `"${text(random)}"`]);

function document(random) {
  const members = ['"type":"webauthn.get"', `"challenge":"${challenge}"`, `"origin":"${ORIGIN}"`];
  for (let i = random(4); i > 0; i -= 1) {
    members.splice(random(members.length + 1), 0, `${random(3) === 0 ? name(random) : `"u${i}"`}:${value(random)}`);
  }
  if (random(8) === 0) members.splice(random(members.length), 1);
  if (random(2) === 0) members.push('"crossOrigin":false');
  if (random(4) === 0) members.sort(() => random(3) - 1);
  return `{${members.join(',')}}`;
}

function damage(random, json) {
  const at = random(json.length + 1);
  const piece = pick(random, ['"', '\\', '{', '}', '[', ']', ',', ':', ' ', 'x', '"origin":', '\\"', ',"a":1', '\0']);
  const cut = random(3) === 0 ? 0 : random(4);
  return json.slice(0, at) + (random(3) === 0 ? '' : piece) + json.slice(at + cut);
}

/** Duplicate names and their order, which JSON.parse hides: the outermost names of a document that JSON.parse takes. */
function outerNames(json) {
  const names = [];
  let depth = 0;
  for (let i = 0; i < json.length; i += 1) {
    const c = json[i];
    if (c === '"') {
      let end = i + 1;
      while (json[end] !== '"') end += json[end] === '\\' ? 2 : 1;
      if (depth === 1 && json[end + 1] === ':') names.push({ raw: json.slice(i + 1, end), at: i });
      i = end;
    } else if (c === '{' || c === '[') {
      depth += 1;
    } else if (c === '}' || c === ']') {
      depth -= 1;
    }
  }
  return names;
}

/** What the rules of docs/account.md say of a document that JSON.parse takes and that isCompact. */
function expected(json, typeAt, challengeAt) {
  const o = JSON.parse(json);
  if (typeof o !== 'object' || o === null || Array.isArray(o)) return false;
  const names = outerNames(json);
  if (names.some((n) => n.raw.includes('\\'))) return false;
  const once = (n) => names.filter((x) => x.raw === n).length === 1;
  const bytesBefore = (n) => Buffer.byteLength(json.slice(0, names.find((x) => x.raw === n).at));
  const cross = names.filter((x) => x.raw === 'crossOrigin').every((x) => json.startsWith('"crossOrigin":false', x.at) && ',}'.includes(json[x.at + 19]));
  return (
    once('type') && once('challenge') && once('origin') && cross &&
    json.startsWith('"type":"webauthn.get"', names.find((x) => x.raw === 'type').at) &&
    json.startsWith(`"challenge":"${challenge}"`, names.find((x) => x.raw === 'challenge').at) &&
    json.startsWith(`"origin":"${ORIGIN}"`, names.find((x) => x.raw === 'origin').at) &&
    bytesBefore('type') === typeAt && bytesBefore('challenge') === challengeAt
  );
}

/** No white space between the outermost tokens; inside the value of an unknown member it is allowed. */
function isCompact(json) {
  let depth = 0;
  for (const c of json.replace(/"(?:[^"\\]|\\.)*"/gs, '""')) {
    if (c === '{' || c === '[') depth += 1;
    if (c === '}' || c === ']') depth -= 1;
    if (depth <= 1 && /\s/.test(c)) return false;
  }
  return true;
}

test('clientDataJSON at random: the verifier agrees with the rules', async (t) => {
  const w = await makeWorld();
  t.after(() => w.stop());
  const key = new Passkey(deployments.webauthn_verifier.address, 'random');
  const random = makeRandom(SEED);
  const counts = { accepted: 0, refused: 0, 'no JSON': 0 };
  for (let i = 0; i < CASES; i += 1) {
    const whole = document(random);
    const json = random(2) === 0 ? whole : damage(random, whole);
    const bytes = Buffer.from(json);
    const find = (needle) => (random(4) === 0 ? bytes.lastIndexOf(needle) : bytes.indexOf(needle));
    const typeIndex = Math.max(0, find('"type":"webauthn.get"'));
    const challengeIndex = Math.max(0, find('"challenge":"'));
    const signature = key.sign(hash, { json, typeIndex, challengeIndex, fast: true })[1];
    const result = await read(w, deployments.webauthn_verifier.address, 'verify', [`0x${key.owner.slice(42)}`, hash, signature], verifierAbi);
    const accepted = result === '0x024ad318';
    let isJson = true;
    try {
      JSON.parse(json);
    } catch {
      isJson = false;
    }
    // What is no JSON at all no client writes; it must do no harm, so it is only counted.
    counts[!isJson ? 'no JSON' : accepted ? 'accepted' : 'refused'] += 1;
    if (isJson) {
      assert.equal(accepted, isCompact(json) && expected(json, typeIndex, challengeIndex), `seed ${SEED} case ${i}: ${json} ${typeIndex} ${challengeIndex}`);
    }
  }
  t.diagnostic(`seed ${SEED}: ${Object.entries(counts).map(([k, n]) => `${n} ${k}`).join(', ')}`);
  assert.ok(counts.accepted > CASES / 10);
  assert.ok(counts.refused > CASES / 10);
});
