/* 监护人和恢复的文字。 */
import type { GuardianTexts } from './guardian_en';

export const guardianZh: GuardianTexts = {
  title: '监护人',
  lead: '监护人是你信任的人，或者你放在别处的密钥。他们一起可以在等待期之后给账户一把新的通行密钥。他们不能花任何钱。',
  mine: (name) => `“${name}”的监护人`, reading: '正在读取监护人',
  states: {
    no_account: '账户还不在这个网络上。', version_1: '账户是版本1，没有监护人。请在账户页面把它转到版本2。', no_guardians: '现在还没有人能帮你找回这个账户。',
    quiet: '他们现在没有行动。', under_way: '他们正在更换这个账户的通行密钥。',
  },
  wishes: {
    practice: { ask: '与他们演练', open: '只是演练：所有者想确认能联系到监护人、他们能签名。不会发生任何事，没有合约接受你的签名。' },
    cancel: { ask: '请他们收回', open: '监护人将收回对这个账户的恢复。所有者不变。' },
    hold: { ask: '请他们停住账户', open: '监护人将停住这个账户：在他们的等待期内不能转出，所有者和设置保持不变。' },
  },
  wishHelp: '演练不花钱，不改变任何东西，却证明他们能让你回来。', wayProven: '已经够了：这条途径已验证。',
  held: (when) => `监护人停住它，直到${when}。`, rename: '名称', keep: '保存', yourName: '让所有者怎样称呼你',
  rule: (threshold, count, days) => `${count}位中的任意${threshold}位一起；他们的决定要等${days}天。`,
  kinds: { passkey: '通行密钥', key: '以太坊密钥', other: '合约或其他密钥' }, you: '属于本钱包', answered: '已答复',
  readyAt: (when) => `从${when}起可以执行。`,
  alarm: '如果不是你要求的，请立即推迟并转走你的钱。推迟两次之后就没有人能阻止他们了。',
  left: (n) => `还可以推迟${n}次。`,
  putOff: '推迟', freeze: '冻结账户', freezeHelp: '在账户的等待期内，无论谁签名都不能转出；仍然可以收款。只能做一次。',
  frozen: (when) => `冻结到${when}。`, forBrake: '停止', signs: '你的通行密钥签名两次：要求停止，以及送出它的操作。',
  ownName: '做别人的监护人', ownNameHelp: '把这段文字交给另一个账户的所有者。它不是秘密。', show: '显示我的文字', qr: '二维码形式的文字', copy: '复制',
  set: '设置其他监护人', setHelp: '每行一位：监护人钱包里的文字，或以太坊密钥的地址；前面可以写你取的名称：小安 = 文字。留空：账户不再有监护人。',
  list: '监护人', threshold: '需要几位一起', days: '等待天数，1到30', begin: '开始', badNumber: '从1到监护人数目，最多5。', badDays: '1到30。',
  help: '帮助别人', helpLead: '你监护的人给你发来了请求。请粘贴到这里。', text: '请求', open: '阅读', opening: '阅读请求',
  asks: '下面的账户将归一把新的通行密钥所有。持有它的人可以转走账户里的一切。', account: '账户', removes: (n) => `它的${n}把通行密钥会被移除。`,
  code: '核对这个代码', codeHelp: '打电话或见面，不要用请求传来的方式。问是不是本人，并请他把代码念给你。',
  confirm: '我问过本人，代码相同。', sign: '作为监护人签名', signAs: '监护人', signed: '你的答复', signedHelp: '把这段文字发回给本人。',
  notNow: (state) => `现在不能签名（${state}）。`, notYou: '本钱包没有账户是那里的监护人。', forSign: '作为监护人签名',
  back: '找回账户', backLead: '如果你丢失了一个有监护人的账户的全部通行密钥：先在这里新建一个账户来支付费用，并放一点钱。然后请求监护人。',
  address: '丢失的账户的地址', name: '在这里的名称', ask: '请求监护人', asking: '请求监护人', badAddress: '地址以0x开头，共42个字符。', look: '查询',
  request: '你的请求', requestHelp: '把这段文字发给每位监护人。他们会用另一种方式向你询问代码。',
  have: (n, of) => `${of}位中已有${n}位答复。`, outdated: '账户之后有变动；请重新请求。', answer: '一份答复', take: '接收答复', send: '开始恢复', sendHelp: '已经够了。',
  waits: (when) => `你的恢复正在进行。从${when}起可以执行。`, apply: '执行', forget: '放弃请求', done: '账户又归你的通行密钥所有。',
};
