import { test } from 'node:test';
import assert from 'node:assert/strict';
import { encodeFunctionData, getAddress, hashMessage, hashTypedData, keccak256, numberToHex, parseAbi, parseEther, size, toHex } from 'viem';
import { wrapTypedDataSignature } from 'viem/experimental/erc7739';
import * as account from '../lib/account.mjs';
import { BS, Passkey, UP, UV } from '../lib/passkey.mjs';
import { artifact, deployments, makeAccount, makeOp, makeWorld, opHash, poke, read, refusal, run, sendOp, signOp, tokenAbi } from '../lib/world.mjs';

const VERIFIER = deployments.webauthn_verifier.address;
const SINK = '0x000000000000000000000000000000000000d00d';
const send = account.executeCall([{ to: SINK, value: 1n }]);
const SIGNATURE_ERROR = 'AA24 signature error';

for (const { hardfork, has } of [{ hardfork: 'osaka', has: 'with P256VERIFY' }, { hardfork: 'prague', has: 'without P256VERIFY' }]) {
  test(`account ${has} (${hardfork})`, async (t) => {
    const w = await makeWorld({ hardfork });
    t.after(() => w.stop());
    const key = new Passkey(VERIFIER, 'a');
    const other = new Passkey(VERIFIER, 'b');

    await t.test('the first operation makes the account and pays', async (t) => {
      const a = await makeAccount(w, [key]);
      const before = await w.client.getBalance({ address: SINK });
      const op = signOp(w, await makeOp(w, a, send), [key]);
      const first = await sendOp(w, op);
      assert.equal(first.success, true);
      assert.equal(await w.client.getBalance({ address: SINK }), before + 1n);
      assert.equal(keccak256(await w.client.getCode({ address: a.address })), deployments.proxy.runtime_code_hash);
      assert.equal(await read(w, a.address, 'entryPoint'), deployments.entry_point.address);
      assert.deepEqual(await read(w, a.address, 'getSigners', [0n, 100n]), a.owners);
      const later = await run(w, a, send);
      assert.equal(later.success, true);
      t.diagnostic(`${hardfork}: signature ${size(op.signature)} bytes`);
      t.diagnostic(`${hardfork}: deploy and first operation: transaction ${first.gas} gas, actualGasUsed ${first.opGas}`);
      t.diagnostic(`${hardfork}: later operation, one call: transaction ${later.gas} gas, actualGasUsed ${later.opGas}`);
      const three = await run(w, a, account.executeCall([{ to: SINK, value: 1n }, { to: SINK, value: 1n }, { to: SINK, value: 1n }]));
      t.diagnostic(`${hardfork}: later operation, three calls: transaction ${three.gas} gas`);
      const validation = encodeFunctionData({
        abi: [{ type: 'function', name: 'verify', inputs: [{ type: 'bytes' }, { type: 'bytes32' }, { type: 'bytes' }], outputs: [{ type: 'bytes4' }] }],
        functionName: 'verify',
        args: [`0x${key.owner.slice(42)}`, opHash(w, op), key.sign(opHash(w, op))[1]],
      });
      const gas = await w.client.estimateGas({ account: w.accounts[1], to: VERIFIER, data: validation });
      t.diagnostic(`${hardfork}: verifier alone, as a transaction: ${gas} gas`);
    });

    await t.test('an ERC-20 token moves', async () => {
      const a = await makeAccount(w, [key]);
      const token = deployments.test_token.address;
      await poke(w, token, 'mint', [a.address, 1000n], { abi: tokenAbi });
      const data = encodeFunctionData({ abi: tokenAbi, functionName: 'transfer', args: [SINK, 400n] });
      assert.equal((await run(w, a, account.executeCall([{ to: token, data }]))).success, true);
      assert.equal(await read(w, token, 'balanceOf', [a.address], tokenAbi), 600n);
      assert.equal(await read(w, token, 'balanceOf', [SINK], tokenAbi), 400n);
    });

    await t.test('refused by the EntryPoint as a signature error', async (t) => {
      const a = await makeAccount(w, [key]);
      const op = await makeOp(w, a, send);
      const hash = opHash(w, op);
      const good = account.encodeSignature([key.sign(hash)]);
      const inner = key.sign(hash)[1];
      const cases = {
        'another key under the right owner': account.encodeSignature([[key.owner, other.sign(hash)[1]]]),
        'an owner that is none': account.encodeSignature([other.sign(hash)]),
        'another hash': account.encodeSignature([key.sign(keccak256('0x01'))]),
        'high s': account.encodeSignature([key.sign(hash, { highS: true })]),
        'no user verification': account.encodeSignature([key.sign(hash, { flags: UP })]),
        'no user presence': account.encodeSignature([key.sign(hash, { flags: UV })]),
        'backed up but not eligible': account.encodeSignature([key.sign(hash, { flags: UP | UV | BS })]),
        'type webauthn.create': account.encodeSignature([key.sign(hash, { type: 'webauthn.create' })]),
        'another port': account.encodeSignature([key.sign(hash, { origin: 'http://passmesh.localhost:7879' })]),
        'type index shifted': account.encodeSignature([key.sign(hash, { typeIndex: 2 })]),
        'challenge index shifted': account.encodeSignature([key.sign(hash, { challengeIndex: 24 })]),
        'indices swapped': account.encodeSignature([key.sign(hash, { challengeIndex: 1, typeIndex: 23 })]),
        'one byte short': good.slice(0, -2),
        'one word short': good.slice(0, -64),
        'a trailing byte': `${good}00`,
        'a trailing word': `${good}${'00'.repeat(32)}`,
        'trailing bytes inside the owner\'s signature': account.encodeSignature([[key.owner, `${inner}00`]]),
        'the same owner twice': account.encodeSignature([key.sign(hash), key.sign(hash)]),
        'no owner at all': account.encodeSignature([]),
        'empty': '0x',
        'one byte': '0x00',
        'offsets that point far away': `0x${'ff'.repeat(64)}${good.slice(130)}`,
        'array of impossible length': `${good.slice(0, 130)}${'ff'.repeat(32)}${good.slice(194)}`,
      };
      for (const [name, signature] of Object.entries(cases)) {
        await t.test(name, async () => {
          assert.equal(await refusal(w, { ...op, signature }), SIGNATURE_ERROR);
        });
      }
      await t.test('and the same operation rightly signed is taken', async () => {
        assert.equal(await refusal(w, { ...op, signature: good }), null);
      });
    });
  });
}

test('account against strangers', async (t) => {
  const w = await makeWorld();
  t.after(() => w.stop());
  const key = new Passkey(VERIFIER, 'a');
  const thief = new Passkey(VERIFIER, 'thief');

  await t.test('replay: the nonce is spent', async () => {
    const a = await makeAccount(w, [key]);
    await run(w, a, send);
    const op = signOp(w, await makeOp(w, a, send), [key]);
    await sendOp(w, op);
    assert.equal(await refusal(w, op), 'AA25 invalid account nonce');
  });

  await t.test('replay on another account of the same owner', async () => {
    const a = await makeAccount(w, [key], { salt: numberToHex(1, { size: 32 }) });
    const b = await makeAccount(w, [key], { salt: numberToHex(2, { size: 32 }) });
    const op = signOp(w, await makeOp(w, a, send), [key]);
    const forB = await makeOp(w, b, send);
    assert.equal(await refusal(w, { ...forB, signature: op.signature }), 'AA24 signature error');
  });

  await t.test('front-run creation: whoever makes the account, the owners get it', async () => {
    const a = await makeAccount(w, [key], { salt: numberToHex(3, { size: 32 }) });
    assert.equal(await poke(w, deployments.account_factory.address, 'createAccount', [a.owners, 1n, a.salt], { abi: account.factoryAbi }), null);
    assert.equal(await poke(w, a.address, 'initialize', [[thief.owner], 1n]), 'InvalidInitialization');
    assert.deepEqual(await read(w, a.address, 'getSigners', [0n, 100n]), a.owners);
    assert.equal((await run(w, a, send)).success, true);
  });

  await t.test('other first owners, threshold or salt give another address', async () => {
    const owners = account.sortOwners([key.owner, thief.owner]);
    const salt = numberToHex(4, { size: 32 });
    const all = [
      account.accountAddress(deployments, [key.owner], 1n, salt),
      account.accountAddress(deployments, [thief.owner], 1n, salt),
      account.accountAddress(deployments, owners, 1n, salt),
      account.accountAddress(deployments, owners, 2n, salt),
      account.accountAddress(deployments, owners, 2n, numberToHex(5, { size: 32 })),
    ];
    assert.equal(new Set(all).size, all.length);
  });

  await t.test('creation twice returns the account that is there', async () => {
    const a = await makeAccount(w, [key], { salt: numberToHex(6, { size: 32 }) });
    const args = [a.owners, 1n, a.salt];
    const factory = deployments.account_factory.address;
    assert.equal(await poke(w, factory, 'createAccount', args, { abi: account.factoryAbi }), null);
    const { result } = await w.client.simulateContract({ account: w.accounts[5], address: factory, abi: account.factoryAbi, functionName: 'createAccount', args });
    assert.equal(result, getAddress(a.address));
  });

  await t.test('the implementation belongs to nobody', async () => {
    const implementation = deployments.account_implementation.address;
    assert.equal(await poke(w, implementation, 'initialize', [[thief.owner], 1n]), 'InvalidInitialization');
    assert.equal(await poke(w, implementation, 'execute', [numberToHex(1n << 248n, { size: 32 }), '0x']), 'AccountUnauthorized');
    assert.equal(await poke(w, implementation, 'scheduleUpgrade', [VERIFIER, '0x', 0n]), 'AccountUnauthorized');
    await w.client.setBalance({ address: implementation, value: parseEther('1') });
    const op = { ...(await makeOp(w, { address: implementation }, send)), factory: undefined };
    assert.equal(await refusal(w, signOp(w, op, [thief])), 'AA24 signature error');
    const zero = account.encodeSignature([['0x0000000000000000000000000000000000000000', `0x${'00'.repeat(65)}`]]);
    assert.equal(await refusal(w, { ...op, signature: zero }), 'AA24 signature error');
  });

  await t.test('the factory refuses bad first owners', async () => {
    const factory = deployments.account_factory.address;
    const make = (owners, threshold) => poke(w, factory, 'createAccount', [owners, threshold, numberToHex(9, { size: 32 })], { abi: account.factoryAbi });
    const sorted = account.sortOwners([key.owner, thief.owner]);
    assert.equal(await make([...sorted].reverse(), 1n), 'OwnersNotSorted');
    assert.equal(await make([key.owner, key.owner], 1n), 'OwnersNotSorted');
    assert.equal(await make([], 0n), 'MultiSignerERC7913ZeroThreshold');
    assert.equal(await make([], 1n), 'MultiSignerERC7913UnreachableThreshold');
    assert.equal(await make([key.owner], 0n), 'MultiSignerERC7913ZeroThreshold');
    assert.equal(await make([key.owner], 2n), 'MultiSignerERC7913UnreachableThreshold');
    assert.equal(await make(['0x0000000000000000000000000000000000000004'], 1n), 'OwnerForbidden');
    assert.equal(await make(['0x0000000000000000000000000000000000000000'], 1n), 'OwnerForbidden');
    assert.equal(await make([`0x${'11'.repeat(20)}${'22'.repeat(96)}`], 1n), 'OwnerForbidden', 'a verifier without code');
    const many = account.sortOwners(Array.from({ length: 33 }, (_, i) => toHex(0x1000000 + i, { size: 20 })));
    assert.equal(await make(many, 1n), 'OwnersTooMany');
    assert.equal(await make(many.slice(1), 1n), null);
  });

  await t.test('a stranger can call nothing that changes the account', async () => {
    const a = await makeAccount(w, [key], { salt: numberToHex(7, { size: 32 }) });
    await run(w, a, send);
    const change = { sequence: 1n, previous: await read(w, a.address, 'ownersHead'), attempt: 0n, threshold: 1n, added: [thief.owner], removed: [] };
    assert.equal(await poke(w, a.address, 'execute', [numberToHex(1n << 248n, { size: 32 }), '0x']), 'AccountUnauthorized');
    assert.equal(await poke(w, a.address, 'changeOwners', [change, '0x']), 'AccountUnauthorized');
    const forged = account.encodeSignature([thief.sign(account.ownerChangeId(a.address, change))]);
    assert.equal(await poke(w, a.address, 'changeOwners', [change, forged]), 'ChangeUnauthorized');
    assert.equal(await poke(w, a.address, 'scheduleUpgrade', [VERIFIER, '0x', 0n]), 'AccountUnauthorized');
    assert.equal(await poke(w, a.address, 'scheduleDelay', [86400, 0n]), 'AccountUnauthorized');
    assert.equal(await poke(w, a.address, 'applyUpgrade', [VERIFIER, '0x', 0n]), 'ChangeNotReady');
    assert.equal(await poke(w, a.address, 'applyDelay', [86400, 0n]), 'ChangeNotReady');
    assert.equal(await poke(w, a.address, 'applyOwnerChange', [change]), 'ChangeNotReady');
  });

  await t.test('front-run creation: the first operation is refused, and taken without its creation part', async () => {
    const a = await makeAccount(w, [key], { salt: numberToHex(8, { size: 32 }) });
    const op = signOp(w, await makeOp(w, a, send), [key]);
    assert.equal(await refusal(w, op), null);
    await poke(w, deployments.account_factory.address, 'createAccount', [a.owners, 1n, a.salt], { abi: account.factoryAbi });
    assert.equal(await refusal(w, op), 'AA10 sender already constructed');
    const { factory, factoryData, ...rest } = op;
    assert.ok(factory && factoryData);
    assert.equal(await refusal(w, rest), 'AA24 signature error', 'the creation part is signed');
    assert.equal(await refusal(w, signOp(w, rest, [key])), null);
  });

  await t.test('ether comes in with 2,300 gas, before and after creation', async () => {
    const payer = artifact('TestPayer');
    const hash = await w.client.deployContract({ account: w.accounts[0], abi: payer.abi, bytecode: payer.bytecode });
    const address = (await w.client.waitForTransactionReceipt({ hash })).contractAddress;
    const a = await makeAccount(w, [key], { salt: numberToHex(10, { size: 32 }), ether: '0' });
    for (const created of [false, true]) {
      assert.equal((await w.client.getCode({ address: a.address })) !== undefined, created);
      const before = await w.client.getBalance({ address: a.address });
      const paid = await w.client.writeContract({ account: w.accounts[0], address, abi: payer.abi, functionName: 'pay', args: [a.address], value: 7n });
      assert.equal((await w.client.waitForTransactionReceipt({ hash: paid })).status, 'success');
      assert.equal(await w.client.getBalance({ address: a.address }), before + 7n);
      await poke(w, deployments.account_factory.address, 'createAccount', [a.owners, 1n, a.salt], { abi: account.factoryAbi });
    }
  });

  await t.test('NFTs and ERC-1155 tokens may be sent to it', async () => {
    const a = await makeAccount(w, [key]);
    await poke(w, deployments.account_factory.address, 'createAccount', [a.owners, 1n, a.salt], { abi: account.factoryAbi });
    const abi = parseAbi([
      'function onERC721Received(address, address, uint256, bytes) returns (bytes4)',
      'function onERC1155Received(address, address, uint256, uint256, bytes) returns (bytes4)',
      'function supportsInterface(bytes4) view returns (bool)',
    ]);
    assert.equal(await read(w, a.address, 'onERC721Received', [SINK, SINK, 1n, '0x'], abi), '0x150b7a02');
    assert.equal(await read(w, a.address, 'onERC1155Received', [SINK, SINK, 1n, 1n, '0x'], abi), '0xf23a6e61');
    assert.equal(await read(w, a.address, 'supportsInterface', ['0x4e2312e0'], abi), true);
  });

  await t.test('two of two: one signature is not enough, two are', async () => {
    const second = new Passkey(VERIFIER, 'second', 'https://wallet.example');
    const a = await makeAccount(w, [key, second], { threshold: 2n });
    const op = await makeOp(w, a, send);
    assert.equal(await refusal(w, signOp(w, op, [key])), 'AA24 signature error');
    assert.equal(await refusal(w, signOp(w, op, [second])), 'AA24 signature error');
    assert.equal((await sendOp(w, signOp(w, op, [key, second]))).success, true);
  });

  await t.test('ERC-1271 through ERC-7739: typed data of an application', async () => {
    const a = await makeAccount(w, [key]);
    await poke(w, deployments.account_factory.address, 'createAccount', [a.owners, 1n, a.salt], { abi: account.factoryAbi });
    const domain = { name: 'App', version: '2', chainId: w.chainId, verifyingContract: SINK };
    const types = { Permit: [{ name: 'spender', type: 'address' }, { name: 'value', type: 'uint256' }] };
    const contents = { spender: SINK, value: 5n };
    const ours = { name: 'Passmesh Account', version: '1', chainId: w.chainId, verifyingContract: a.address, salt: numberToHex(0, { size: 32 }) };
    const wrap = async (verifierDomain) => {
      const signature = await wrapTypedDataSignature({
        domain, types, primaryType: 'Permit', message: contents,
        signature: account.encodeSignature([key.sign(hashTypedData({
          domain,
          types: {
            ...types,
            TypedDataSign: [
              { name: 'contents', type: 'Permit' }, { name: 'name', type: 'string' }, { name: 'version', type: 'string' },
              { name: 'chainId', type: 'uint256' }, { name: 'verifyingContract', type: 'address' }, { name: 'salt', type: 'bytes32' },
            ],
          },
          primaryType: 'TypedDataSign',
          message: { contents, ...verifierDomain },
        }))]),
      });
      return read(w, a.address, 'isValidSignature', [hashTypedData({ domain, types, primaryType: 'Permit', message: contents }), signature]);
    };
    assert.equal(await wrap(ours), '0x1626ba7e');
    assert.equal(await wrap({ ...ours, verifyingContract: SINK }), '0xffffffff', 'made for another account');
    assert.equal(await wrap({ ...ours, chainId: 5 }), '0xffffffff', 'made for another chain');
  });

  await t.test('ERC-1271 through ERC-7739: personal message', async () => {
    const a = await makeAccount(w, [key]);
    const hash = hashMessage('hello');
    const nested = hashTypedData({
      domain: { name: 'Passmesh Account', version: '1', chainId: w.chainId, verifyingContract: a.address },
      types: { PersonalSign: [{ name: 'prefixed', type: 'bytes' }] },
      primaryType: 'PersonalSign',
      message: { prefixed: toHex('\x19Ethereum Signed Message:\n5hello') },
    });
    assert.equal(await read(w, a.address, 'isValidSignature', [hash, account.encodeSignature([key.sign(nested)])]), '0x1626ba7e');
    assert.equal(await read(w, a.address, 'isValidSignature', [hash, account.encodeSignature([key.sign(hash)])]), '0xffffffff', 'a bare hash is not accepted');
    assert.equal(await read(w, a.address, 'isValidSignature', [hash, account.encodeSignature([thief.sign(nested)])]), '0xffffffff');
  });
});
