// One build: compile, describe, write. build.mjs is its command line.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keccak256 } from 'viem';
import { compile, root } from './compile.mjs';
import { describe } from './artifacts.mjs';
import { makeVectors } from './vectors.mjs';

/** A hash of everything that the output depends on: sources, scripts, and the pinned versions and hashes of what npm brings. */
function inputsHash() {
  const hash = createHash('sha256').update(process.version);
  for (const folder of ['src', 'test', 'lib']) {
    for (const name of readdirSync(join(root, folder)).filter((n) => /\.(sol|mjs)$/.test(n)).sort()) {
      hash.update(`${folder}/${name}\0`).update(readFileSync(join(root, folder, name)));
    }
  }
  return hash.update(readFileSync(join(root, 'package-lock.json'))).digest('hex');
}

/* Whoever reads meanwhile sees the old file or the new one: several tests may build at once. */
function writeWhole(path, text) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, path);
}

/**
 * Compiles and writes one JSON file for each contract, creation-code.json and deployments.json into the directory out, unless
 * they stand there from the same inputs. Returns the text of deployments.json.
 */
export function build(out) {
  const inputs = inputsHash();
  const mark = join(out, 'inputs');
  try {
    if (readFileSync(mark, 'utf8') === inputs) {
      return readFileSync(join(out, 'deployments.json'), 'utf8');
    }
  } catch {
    // Not built yet.
  }
  rmSync(mark, { force: true });
  const compiled = compile();
  const { deployments, creationCode } = describe(compiled);
  const text = `${JSON.stringify({ ...deployments, vectors: makeVectors(deployments) }, null, 2)}\n`;
  mkdirSync(out, { recursive: true });
  for (const [name, c] of Object.entries(compiled.contracts)) {
    const runtime_code_hash = Object.keys(c.immutables).length === 0 ? keccak256(c.runtime) : null;
    const artifact = { contract: name, abi: c.abi, bytecode: c.bytecode, runtime: c.runtime, runtime_code_hash, storage: c.storage };
    writeWhole(join(out, `${name}.json`), `${JSON.stringify(artifact, null, 2)}\n`);
  }
  writeWhole(join(out, 'deployments.json'), text);
  writeWhole(join(out, 'creation-code.json'), `${JSON.stringify(creationCode, null, 2)}\n`);
  writeWhole(mark, inputs);
  return text;
}

/** What deploying needs: from an earlier build in out if that is of the same contracts, else built now. */
export function creationCodeFor(deployments, out, note = () => {}) {
  const load = () => JSON.parse(readFileSync(join(out, 'creation-code.json'), 'utf8'));
  const isRight = (code) => Object.entries(code).every(([name, c]) => keccak256(c) === deployments[name]?.init_code_hash);
  try {
    const code = load();
    if (isRight(code)) {
      return code;
    }
  } catch {
    // Not built yet.
  }
  note('building the contracts ...');
  build(out);
  const code = load();
  if (!isRight(code)) {
    throw new Error('the sources do not give the committed deployments.json: run contracts/build.mjs');
  }
  return code;
}
