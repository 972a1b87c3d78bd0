/* 服务器说谎证据的简体中文文字，随“网络”页面载入。 */
import type { NetworkTexts } from './network_en';

export const networkZh: NetworkTexts = {
  kept: {
    title: '证据', reading: '正在读取证据', none: '没有发现服务器说谎，也没有出现分歧。',
    lead: '服务器给出的虚假内容，或与其他服务器矛盾的内容。回答没有签名，因此只能说服你自己。',
    kinds: { lie: '谎言', disagreement: '分歧' },
    questions: {
      account_proof: '要求证明某个账户时，它给出的证明无法通向该区块。',
      inclusion: '要求证明某笔交易时，它给出的证明无法通向该区块。',
      logs: '要求给出某代币的全部日志时，它有所遗漏，或给出了区块中没有的内容。',
      light_client: '它转发了共识链上签名或证明为假的消息。',
      rpc: '各服务器的回答不一致。',
    },
    lieEnds: '其内容均未被采用，也不会再询问该服务器。',
    said: '各自的回答', block: '区块', blocks: (n: number) => `到该区块为止的 ${n} 个区块`, method: '问题', account: '地址', about: '关于', bytes: (n: string) => `${n} 字节`,
    save: '保存为文件', more: '显示更多',
  },
};
