// usage: node build.mjs [--out DIR] [--check]
// Compiles the contracts, writes one JSON file for each to DIR (default: build/contracts beside the source tree's root)
// and renews deployments.json. With --check that file is compared, not written: exit status 1 if it differs.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { keccak256 } from 'viem';
import { compile, root } from './lib/compile.mjs';
import { describe } from './lib/artifacts.mjs';
import { makeVectors } from './lib/vectors.mjs';

const { values: args } = parseArgs({ options: { out: { type: 'string' }, check: { type: 'boolean', default: false } } });
const out = resolve(args.out ?? join(dirname(root), 'build/contracts'));

const compiled = compile();
const { deployments, creationCode } = describe(compiled);
const text = `${JSON.stringify({ ...deployments, vectors: makeVectors(deployments) }, null, 2)}\n`;

mkdirSync(out, { recursive: true });
for (const [name, c] of Object.entries(compiled.contracts)) {
  const runtime_code_hash = Object.keys(c.immutables).length === 0 ? keccak256(c.runtime) : null;
  const artifact = { contract: name, abi: c.abi, bytecode: c.bytecode, runtime: c.runtime, runtime_code_hash, storage: c.storage };
  writeFileSync(join(out, `${name}.json`), `${JSON.stringify(artifact, null, 2)}\n`);
}
writeFileSync(join(out, 'deployments.json'), text);
writeFileSync(join(out, 'creation-code.json'), `${JSON.stringify(creationCode, null, 2)}\n`);

const path = join(root, 'deployments.json');
let committed = '';
try {
  committed = readFileSync(path, 'utf8');
} catch {
  // There is none yet.
}
if (args.check && committed !== text) {
  console.error('deployments.json differs from what the sources give: addresses would change. Run contracts/build.mjs and say why in the commit.');
  process.exit(1);
}
if (!args.check && committed !== text) {
  writeFileSync(path, text);
  console.log('deployments.json: renewed');
}
console.log(`contracts: ${Object.keys(compiled.contracts).length} written to ${out}`);
