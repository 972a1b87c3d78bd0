/* Chinese texts of the screen Ways in, which come with it. */
import type { RecoveryTexts } from './recovery_en';

export const recoveryZh: RecoveryTexts = {
  title: '进入途径', guardians: '监护人', anyOf: (n, of) => `监护人，${of}位中的任意${n}位`, byPractice: '在“监护人”页面用演练验证。', noWay: '不算独立的途径：其中需要所有者本人。', lead: '从不使用的东西，会在不知不觉中被遗忘、丢失或损坏。请现在逐条验证，之后每半年再验证一次：至少有两条已验证的途径、其中一条可以丢失，钱包才说账户可以放心存钱。',
  vault: '普通账户的保险库', vaultLead: '下列任何一条都能打开它。', noVault: '没有保险库：普通账户需要它。',
  safe: '可以放心存钱', unsafe: '还不能放心存钱', passkey: (n) => `通行密钥${n}`, phrase: '恢复短语', addWays: '添加进入途径',
  proven: (when) => `已验证：${when}`, never: '从未验证', due: (when) => `该再验证了，上次：${when}`,
  prove: '验证', proveIt: (what) => `验证：${what}`, done: (what) => `${what}：已验证`, forProve: (what) => `证明它仍能让你进入：${what}`,
  typePhrase: '纸上的十二个词', elsewhere: '它属于你的另一个钱包，请在那里验证。', watch: '仅观察，没有进入途径。',
  ofVault: '它的密钥在保险库里，进入途径就是保险库的途径。', owners: (n) => `${n}条进入途径`, asking: '进入途径',
  backup: '备份文件', backupLead: '账户、联系人、设置和保险库都在一个加密文件里。只有保险库的任一通行密钥或恢复短语能打开它。请保存到另一台设备上。',
  makeBackup: '制作备份文件', checkBackup: '验证备份文件：请选择', older: '保险库此后有变动，请制作新文件。', kept: (accounts, contacts) => `文件已制作：${accounts}个账户，${contacts}个联系人`,
  copies: '服务器上的副本', copiesLead: '服务器替你保存密封的保险库，换新设备时只需要它的通行密钥。服务器打不开它，也看不到里面的内容。每次用通行密钥打开保险库，副本就再保存90天。',
  copiesKept: (n, when) => `${n}台服务器保存着它，直到${when}`, copiesNone: '还没有服务器保存副本：有服务器时用通行密钥打开一次保险库',
  findLead: '只用通行密钥：向保存着你普通账户的密封保险库的服务器索取。', find: '用通行密钥寻找', forFind: '向服务器索取你的密封保险库', found: '保险库已送达，处于锁定状态。', backCopy: '保险库及其账户已恢复',
  restore: '找回钱包', restoreLead: '先选择文件，再用其保险库的通行密钥或恢复短语打开。', choose: '备份文件', brought: '文件已送达，其保险库已锁定。', openIt: '用通行密钥打开', byPhrase: '用短语打开',
  back: (accounts, contacts) => `已恢复：${accounts}个账户，${contacts}个联系人`,
};
