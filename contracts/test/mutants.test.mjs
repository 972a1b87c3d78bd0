// Faults put into version 2 on purpose, one at a time: each must let an attack of lib/attacks.mjs through, or those tests
// would not notice it. Two of them in an ordinary run; all with PASSMESH_LONG=1.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { concat, encodeAbiParameters } from 'viem';
import { attacks } from '../lib/attacks.mjs';
import { compileWith } from '../lib/compile.mjs';
import { deployments, makeWorld } from '../lib/world.mjs';

// file, what stands there, what the fault makes of it, the attack that must notice
const MUTANTS = [
  ['GuardedAccount', '++$.vetoes;', '', 'an owner puts a recovery off twice, and no more; not twice with one signature'],
  ['LimitedAccount', 'if (fees > $.limit[address(0)].amount) return false;', '', 'limits: fees cannot empty the account'],
  ['GuardedAccount', 'require(!_isRecovering(), RecoveryPending($.pending));\n        _checkOrder(change);', '_checkOrder(change);', 'an owner puts a recovery off twice, and no more; not twice with one signature'],
  ['GuardedAccount', 'require($.readyAt <= block.timestamp, ChangeNotReady(id, $.readyAt));', '', 'guardians bring the account back after the delay'],
  ['GuardedAccount', '        ++$.round;\n        uint64 readyAt', '        uint64 readyAt', 'a recovery that would lock the account is refused, and one that cannot be applied lapses'],
  ['GuardedAccount', 'require($.heldHead != head, AlreadyFrozen());', '', 'front-running: guardians hold the account first, then the thief cannot move'],
  ['GuardedAccount', 'require(!$.frozeAt[who], AlreadyFrozen());', '', 'a frozen account sends nothing, signs nothing, and receives'],
  ['GuardedAccount', '        _checkOwnersFree();\n        _take(settingId', '        _take(settingId', 'what the thief scheduled before does not come into force during a recovery'],
  ['GuardedAccount', 'require(list.length == 0 || threshold_ != 0, GuardiansInvalid());', '', 'guardians that could not decide, or that anything satisfies, are refused'],
  ['HeldAccount', 'if (least == 0 || keys.length < least) return false;', 'if (keys.length < least) return false;', 'too few guardians, the same twice, strangers, owners'],
  ['HeldAccount', 'require(!_isRecovering(), IRecovery.RecoveryPending($.pending));', '', 'the owner list cannot be moved from under a recovery'],
  ['HeldAccount', '_recovery().frozenUntil, 0)', '0, 0)', 'a frozen account sends nothing, signs nothing, and receives'],
  ['LimitedAccount', 'packValidationData(valid, _recovery().frozenUntil, validUntil)', 'packValidationData(valid, 0, validUntil)', 'sessions: end by time, by one owner, with the owner list, with a freeze'],
  ['LimitedAccount', 'l.spent = spent;', '', 'limits: one owner within, two above'],
  ['LimitedAccount', 'return s.signer.length != 0 && s.head == ownersHead();', 'return s.signer.length != 0;', 'sessions: end by time, by one owner, with the owner list, with a freeze'],
  ['LimitedAccount', 's.ether_ -= fee;', '', 'sessions: within the policy, and nothing else'],
  ['LimitedAccount', 's.amount -= amount;', '', 'sessions: within the policy, and nothing else'],
  ['LimitedAccount', 'key >> 160 != SESSION_NONCE ||', '', 'sessions: within the policy, and nothing else'],
];

const chosen = process.env.PASSMESH_LONG ? MUTANTS : MUTANTS.slice(0, 2);

test('each fault is noticed', async (t) => {
  const w = await makeWorld();
  t.after(() => w.stop());

  async function deploy(contract, args = '0x') {
    const hash = await w.client.sendTransaction({ account: w.accounts[0], data: concat([contract.bytecode, args]), gas: 25_000_000n });
    return (await w.client.waitForTransactionReceipt({ hash })).contractAddress;
  }

  async function isNoticed(name) {
    try {
      await attacks[name](w);
      return false;
    } catch {
      return true;
    }
  }

  for (const [file, from, to, name] of chosen) {
    await t.test(`${file}: ${(to || 'without').replace(/\s+/g, ' ')}: ${from.replace(/\s+/g, ' ')}`, async () => {
      const first = file === 'LimitedAccount' || file === 'HeldAccount';
      const second = file === 'GuardedAccount' || file === 'HeldAccount';
      const wanted = [...(first ? ['PassmeshAccount2'] : []), ...(second ? ['PassmeshAccount2Guardians'] : [])];
      const contracts = compileWith(`src/${file}.sol`, (text) => {
        assert.equal(text.split(from).length, 2, 'what the fault replaces stands there once');
        return text.replace(from, () => to);
      }, wanted);
      const guardians = second ? await deploy(contracts.PassmeshAccount2Guardians) : deployments.account_guardians_2.address;
      const args = encodeAbiParameters([{ type: 'address' }], [guardians]);
      w.version2 = await deploy(contracts.PassmeshAccount2 ?? { bytecode: w.bytecode2 }, args);
      assert.ok(await isNoticed(name), 'no attack got through: the tests would not notice this fault');
    });
  }
});
