/* 中文（简体）：账户保护的文字，随页面加载。 */
import { due } from '../format/time';
import type { AccountTexts } from './account_en';

const hours = (text: string): string => {
  const n = parseInt(text, 10);
  return n % 24 ? `${n}小时` : `${n / 24}天`;
};
const who = (p: { name: string; address: string }): string => (p.name === '?' ? p.address : `“${p.name}”（${p.address}）`);

export const accountZh: AccountTexts = {
  threshold: {
    title: '签名数', now: (n, of) => (n === 1 ? `${of}把通行密钥中一把就够。` : `${of}把通行密钥中必须有${n}把签名才能做任何事。`),
    why: '需要两把签名时，小偷拿到一台设备也什么都拿不走。通行密钥要比所需的多一把，否则丢失一把就失去一切。',
    ask: (n) => `改为${n}把签名`, waits: (n, when) => `${when}起可以改为${n}把签名。`,
    ready: (n) => `等待时间已过：可以改为${n}把签名。`, stopHelp: '执行之前，账户的任何一把通行密钥都能阻止。',
    veto: '阻止更改', apply: '执行更改',
  },
  cosigner: {
    title: '共签方', at: '第二把密钥，由服务器保管', does: '它只与你的通行密钥一起签这些限额之内的付款，别的都不签。监护人延迟之后，通行密钥可以独自移除它，在命令行发起。',
    limit: (amount: string, token: string, to: string) => `每天${amount}（最小单位）${token || '以太币'}，付给${to || '所有收款方合计'}`,
    wishes: { make: '让此服务器建立共签方：', sign: '让共签方签一笔付款，服务器：', leave: '把共签方移出账户。不需要服务器；其密钥在：', release: '告诉此服务器不再需要其密钥：' },
    chains: (ids: string) => `链：${ids}。`, look: '查看这笔付款',
    done: { make: '已建立。请在“进入方式”中把它放到链上。', sign: '双方已签。', leave: '已签。请在命令行用另一个账户发送。', release: '已告诉服务器。' },
    until: (when: string) => `这是在命令行发起的。如果不是你，请不要签。期限：${when}。`, sign: '用通行密钥签名',
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
  limits: {
    title: '限额', why: (n) => `限额以内，以及转给已知地址，一把通行密钥就够。其他的必须有${n}把签名。`,
    whyOne: '现在一把通行密钥就能做任何事。需要两把签名时，限额才起作用。',
    none: (symbol) => `${symbol}：没有设置限额`, within: (h) => `每${hours(String(h))}`, left: (amount) => `还剩${amount}。`, ends: (when) => `周期到${when}为止。`,
    noNative: (symbol) => `${symbol}没有限额。手续费要计入它，所以在设置之前，一把通行密钥什么也做不了。`,
    known: '已知地址', nobody: '账户还不认识你的任何联系人。', forget: '删除', set: '设置限额', add: '添加已知联系人',
    asset: '资产', amount: '最多', period: '周期', hour: '1小时', day: '1天', week: '1周', month: '30天', noAmount: '请输入金额，小数用点。',
    atOnce: '这比现在低：立即生效，一把通行密钥就够。', afterDelay: '要先等待，任何一把通行密钥都能阻止。',
    contact: '联系人', noContact: '请先添加联系人。',
    waitsLimit: (amount, h) => `每${hours(String(h))}${amount}的限额正在等待。`, waitsKnown: (name) => `${name}将成为已知地址。`,
    waitsGuardians: (n) => (n ? `将设置${n}位守护人。` : '将取消守护人。'), waits: (when) => `${when}起可以执行。`, ready: '等待时间已过：可以执行。',
    stopHelp: '执行之前，账户的任何一把通行密钥都能阻止。如果不是你要求的，请立即阻止。', veto: '阻止', apply: '执行',
  },
  sessions: {
    title: '任务密钥', why: '你的程序可以用它自己的密钥花钱：最多一定金额，只给一个地址，到一定时间为止，不再询问通行密钥。任何一把通行密钥都能立即结束它；通行密钥有任何更改，它也就结束。',
    nobody: '据这个钱包所知，没有任务可以从这个账户花钱。',
    sends: (amount) => `总共最多${amount}（含手续费），付给`, pays: (amount, fees) => `总共最多${amount}，另有${fees}付手续费，付给`,
    calls: (name, amount) => `函数${name}，手续费和附带金额总共最多${amount}，合约`,
    key: '它的密钥：', left: (amount) => `还剩${amount}`, feesLeft: (amount) => `手续费还剩${amount}`, ends: (when) => `到${when}为止。`,
    states: { unread: '尚未读取', waits: '尚未上链', live: '可以花钱', ended: '已结束', void: '已结束：通行密钥已更改', expired: '时间已到' },
    end: '立即结束', add: '让任务花钱', jobKey: '任务密钥的地址', jobKeyHelp: '密钥由任务自己生成并保存。绝不要把你的密钥给它。', to: '收款人', asset: '资产', amount: '总共最多',
    fees: (symbol) => `手续费，总共最多（${symbol}）`, length: '期限', day: '1天', week: '1周', month: '30天', quarter: '90天', noAddress: '请输入地址：0x加40位数字。', noAmount: '请输入金额，小数用点。',
  },
  setting: {
    kinds: {
      guardians_begin: '开始设置守护人', guardians_apply: '设置守护人', guardians_veto: '阻止更改守护人',
      limit_begin: '开始设置限额', limit_apply: '设置限额', limit_veto: '阻止新限额',
      known_begin: '开始添加已知地址', known_apply: '添加已知地址', known_veto: '阻止添加已知地址',
      limit_lower: '降低限额', known_forget: '删除已知地址',
      session_add: '让任务密钥花钱', session_end: '结束任务密钥',
      recovery_begin: '开始恢复', recovery_apply: '恢复账户', recovery_put_off: '推迟恢复', recovery_freeze: '冻结账户',
    },
    moves: {
      guardians_begin: '已开始更改守护人', guardians_apply: '守护人已设置', guardians_veto: '已阻止更改守护人',
      limit_begin: '已开始设置限额', limit_apply: '限额已设置', limit_veto: '已阻止新限额',
      known_begin: '已开始添加已知地址', known_apply: '已知地址已添加', known_veto: '已阻止添加已知地址',
      limit_lower: '限额已降低', known_forget: '已知地址已删除',
      session_add: '任务密钥已添加', session_end: '任务密钥已结束',
      recovery_begin: '已开始恢复', recovery_apply: '账户已恢复', recovery_put_off: '已推迟恢复', recovery_freeze: '账户已冻结',
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
      limit_lowered: (p) => `上链之后，一把通行密钥在${hours(p.hours)}内最多只能付出${p.limit}。再要提高就得等待。`,
      known_forgotten: (p) => `上链之后，转给${who(p)}的钱要计入限额。`,
      limit_within: (p) => `一把通行密钥就够：没有超出限额。之后限额还剩${p.limit}。`,
      limit_known: () => '一把通行密钥就够：收款人是已知地址。手续费计入本币的限额。',
      limit_alone: () => '一把通行密钥就够。手续费计入本币的限额。',
      limit_over: (p) => `限额只剩${p.limit}，这笔超出了，所以必须有${p.signers}把通行密钥签名。`,
      limit_fees: (p) => `限额中可付手续费的只剩${p.limit}，这笔的最高手续费超出了，所以必须有${p.signers}把通行密钥签名。`,
      limit_no_ether: (p) => `本币没有限额，一把通行密钥连手续费也付不了，所以必须有${p.signers}把通行密钥签名。`,
      known_stays: () => '这个地址不会成为已知地址。要添加就得重新开始。',
      session_key: (p) => `上链之后，到${due(parseInt(p.until_ms, 10))}为止，持有${p.address}的密钥者可以在下列范围内代表账户行事，不再询问通行密钥。任何一把通行密钥都能立即结束它。`,
      session_sends: (p) => `它总共最多可以付出${p.limit}（含手续费），只能付给${who(p)}。`,
      session_pays: (p) => `它总共最多可以付出${p.limit}，只能付给${who(p)}。`,
      session_calls: (p) => `它可以任意次数、以任意参数调用合约${who(p)}的函数${p.function}。这对你的资产意味着什么，只由合约决定。`,
      session_fees: (p) => `手续费和附带金额，它总共最多可以花${p.limit}。`,
      session_ended: (p) => `上链之后，任务密钥${p.key === '?' ? `（编号${p.session}）` : p.key}不能再做任何事。`,
      recovery_begun: (p) => `${p.days}天后，“${p.name}”归你请求的通行密钥所有；它的所有者可以推迟两次。`,
      recovery_applied: (p) => `从现在起，你请求的通行密钥单独拥有“${p.name}”。`,
      recovery_put_off: (p) => `恢复再等${p.days}天。还可以推迟一次。`,
      recovery_put_off_last: (p) => `恢复再等${p.days}天，这是最后一次。`,
      recovery_frozen: (p) => `${p.days}天内，无论谁签名，账户都不能转出任何东西。只能做一次。`,
    },
  },
};
