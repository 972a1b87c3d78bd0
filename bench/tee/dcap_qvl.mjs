// usage: dcap_qvl.mjs QUOTE COLLATERAL TIME COUNT      how many quotes a second of CPU time @phala/dcap-qvl appraises, all collateral each time
import { readFileSync } from 'node:fs';
import { verify } from '@phala/dcap-qvl';

const ROUNDS = 3;
const [quoteFile, collateralFile, time, count] = process.argv.slice(2);
const quote = readFileSync(quoteFile);
const bundle = JSON.parse(readFileSync(collateralFile, 'utf8'));
// It takes signatures and lists as bytes, and the rest as the bundle has it.
const bytes = (name) => Buffer.from(bundle[name], 'hex');
const collateral = {
  ...bundle,
  tcb_info_signature: bytes('tcb_info_signature'),
  qe_identity_signature: bytes('qe_identity_signature'),
  root_ca_crl: bytes('root_ca_crl'),
  pck_crl: bytes('pck_crl'),
};
const at = Date.parse(time) / 1000;

function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

// The first one shows that it does the work at all, and warms up what compiles while it runs.
const first = verify(quote, collateral, at);
for (let i = 0; i < 20; i += 1) verify(quote, collateral, at);
let best = 0;
for (let round = 0; round < ROUNDS; round += 1) {
  const from = cpuSeconds();
  for (let i = 0; i < Number(count); i += 1) verify(quote, collateral, at);
  best = Math.max(best, Number(count) / (cpuSeconds() - from));
}
console.log(`status ${first.status}`);
console.log(`quotes_per_s ${best.toFixed(1)}`);
