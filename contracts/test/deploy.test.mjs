import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { getContractAddress } from 'viem';
import { startAnvil } from '../lib/anvil.mjs';
import { root } from '../lib/compile.mjs';
import { ALL } from '../lib/deploy.mjs';
import { deployments, out } from '../lib/world.mjs';

function deploy(...args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'deploy.mjs'), '--out', out, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [text, errors] = ['', ''];
    child.stdout.on('data', (d) => { text += d; });
    child.stderr.on('data', (d) => { errors += d; });
    child.on('exit', (status) => resolve({ status, text, errors }));
  });
}

test('deploy.mjs', async (t) => {
  await t.test('puts everything on an empty local network, and nothing the second time', async (t) => {
    const node = await startAnvil();
    t.after(() => node.stop());
    const first = await deploy('--rpc', node.url);
    assert.equal(first.status, 0, first.errors);
    const addresses = JSON.parse(first.text);
    assert.equal(addresses.chain_id, 31337);
    ALL.forEach((name) => assert.equal(addresses[name], deployments[name].address));
    assert.equal(first.errors.match(/ deployed$/gm).length, ALL.length);
    const second = await deploy('--rpc', node.url);
    assert.equal(second.text, first.text);
    assert.equal(second.errors.match(/ there$/gm).length, ALL.length);
  });

  await t.test('prints transactions that anyone may send', async () => {
    const { status, text } = await deploy('--print');
    assert.equal(status, 0);
    for (const tx of JSON.parse(text)) {
      assert.equal(tx.to, deployments.deployer);
      const [salt, bytecode] = [tx.data.slice(0, 66), `0x${tx.data.slice(66)}`];
      assert.equal(getContractAddress({ opcode: 'CREATE2', from: tx.to, salt, bytecode }), tx.address, tx.name);
    }
  });

  await t.test('says what is wrong: usage, no node, no deployer', async (t) => {
    assert.equal((await deploy()).status, 2);
    assert.equal((await deploy('--what')).status, 2);
    const none = await deploy('--rpc', 'http://127.0.0.1:9');
    assert.equal(none.status, 1);
    assert.match(none.errors, /^deploy: /m);
    const node = await startAnvil({ extra: ['--disable-default-create2-deployer'] });
    t.after(() => node.stop());
    const bare = await deploy('--rpc', node.url);
    assert.equal(bare.status, 1);
    assert.match(bare.errors, /deterministic deployer .* is not on this chain/);
  });
});
