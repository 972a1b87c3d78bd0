// usage: node build.mjs [--out DIR] [--check]
// Compiles the contracts, writes one JSON file for each to DIR (default: build/contracts beside the source tree's root)
// and renews deployments.json. With --check that file is compared, not written: exit status 1 if it differs.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './lib/build.mjs';
import { root } from './lib/compile.mjs';

const { values: args } = parseArgs({ options: { out: { type: 'string' }, check: { type: 'boolean', default: false } } });
const out = resolve(args.out ?? join(dirname(root), 'build/contracts'));

const text = build(out);

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
console.log(`contracts: built in ${out}`);
