/* Chinese texts of the screen Ways in, which come with it. */
import type { RecoveryTexts } from './recovery_en';

export const recoveryZh: RecoveryTexts = {
  title: '进入途径', lead: '从不使用的东西，会在不知不觉中被遗忘、丢失或损坏。请现在逐条验证，之后每半年再验证一次：至少有两条已验证的途径、其中一条可以丢失，钱包才说账户可以放心存钱。',
  vault: '普通账户的保险库', vaultLead: '下列任何一条都能打开它。', noVault: '没有保险库：普通账户需要它。',
  safe: '可以放心存钱', unsafe: '还不能放心存钱', passkey: (n) => `通行密钥${n}`, phrase: '恢复短语', addWays: '添加进入途径',
  proven: (when) => `已验证：${when}`, never: '从未验证', due: (when) => `该再验证了，上次：${when}`,
  prove: '验证', proveIt: (what) => `验证：${what}`, done: (what) => `${what}：已验证`, forProve: (what) => `证明它仍能让你进入：${what}`,
  typePhrase: '纸上的十二个词', elsewhere: '它属于你的另一个钱包，请在那里验证。', watch: '仅观察，没有进入途径。',
  ofVault: '它的密钥在保险库里，进入途径就是保险库的途径。', owners: (n) => `${n}条进入途径`, asking: '进入途径',
};
