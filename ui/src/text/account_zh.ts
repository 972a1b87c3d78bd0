/* 中文（简体）：账户保护的文字，随页面加载。 */
import type { AccountTexts } from './account_en';

const hours = (n: string): string => (Number(n) % 24 ? `${n}小时` : `${Number(n) / 24}天`);
const who = (p: { name: string; address: string }): string => (p.name === '?' ? p.address : `“${p.name}”（${p.address}）`);

export const accountZh: AccountTexts = {
  threshold: {
    title: '签名数', now: (n, of) => (n === 1 ? `${of}把通行密钥中一把就够。` : `${of}把通行密钥中必须有${n}把签名才能做任何事。`),
    why: '需要两把签名时，小偷拿到一台设备也什么都拿不走。通行密钥要比所需的多一把，否则丢失一把就失去一切。',
    ask: (n) => `改为${n}把签名`, waits: (n, when) => `${when}起可以改为${n}把签名。`,
    ready: (n) => `等待时间已过：可以改为${n}把签名。`, stopHelp: '执行之前，账户的任何一把通行密钥都能阻止。',
    veto: '阻止更改', apply: '执行更改',
  },
  version: {
    title: '账户的版本', is: (n) => `版本${n}`, unknown: '账户运行的代码，此钱包不认识。如果不是你用别的钱包转过去的，请立即把钱转到新账户。',
    offer: '账户合约的版本2可以提供更多保护，设置之后生效：',
    brings: [
      '守护者：你的亲友或你自己的其他账户，等待期过后帮你重新进入，但不能花钱',
      '限额：每天超过一定数额，或转给新地址时，必须有第二把通行密钥签名',
      '会话密钥：只为一个用途、一笔数额，到期自动失效的密钥',
    ],
    stays: '地址、通行密钥和钱都不变。转换要先等待，这样你的任何一把通行密钥都能阻止不想要的转换；不能再回到版本1。',
    begin: '开始转换', waits: (when) => `${when}起可以转到版本2。`, ready: '等待时间已过：账户可以转到版本2。',
    stopHelp: '执行之前，账户的任何一把通行密钥都能阻止。如果不是你要求的，请立即阻止。', veto: '阻止转换', apply: '立即转换',
  },
  setting: {
    kinds: {
      guardians_begin: '开始设置守护人', guardians_apply: '设置守护人', guardians_veto: '阻止更改守护人',
      limit_begin: '开始设置限额', limit_apply: '设置限额', limit_veto: '阻止新限额',
      known_begin: '开始添加已知地址', known_apply: '添加已知地址', known_veto: '阻止添加已知地址',
    },
    moves: {
      guardians_begin: '已开始更改守护人', guardians_apply: '守护人已设置', guardians_veto: '已阻止更改守护人',
      limit_begin: '已开始设置限额', limit_apply: '限额已设置', limit_veto: '已阻止新限额',
      known_begin: '已开始添加已知地址', known_apply: '已知地址已添加', known_veto: '已阻止添加已知地址',
    },
    risk: {
      guardians_begun: (p) => (p.number === '0' ? `${p.days}天后，账户不再有守护人。` : `${p.days}天后，${p.number}位守护人中任何${p.threshold}位合起来，经过他们自己的等待时间，就能更换账户的全部通行密钥。他们不能花钱。`) + '在此之前，账户的每把通行密钥都能阻止。',
      guardians_applied: (p) => (p.number === '0' ? '上链之后，账户不再有守护人。' : `上链之后，${p.number}位守护人中任何${p.threshold}位合起来，经过他们自己的等待时间，就能更换账户的全部通行密钥。他们不能花钱。`),
      guardians_stay: () => '守护人保持不变。要更改就得重新开始。',
      limit_begun: (p) => `${p.days}天后，一把通行密钥就能在${hours(p.hours)}内向任何人付出最多${p.limit}。在此之前，账户的每把通行密钥都能阻止。`,
      limit_applied: (p) => `上链之后，一把通行密钥就能在${hours(p.hours)}内向任何人付出最多${p.limit}。`,
      limit_stays: () => '限额保持不变。要更改就得重新开始。',
      known_begun: (p) => `${p.days}天后，一把通行密钥就能向${who(p)}转出任意金额。在此之前，账户的每把通行密钥都能阻止。`,
      known_applied: (p) => `上链之后，一把通行密钥就能向${who(p)}转出任意金额。`,
      known_stays: () => '这个地址不会成为已知地址。要添加就得重新开始。',
    },
  },
};
