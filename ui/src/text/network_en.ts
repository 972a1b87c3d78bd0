/* English texts of what shows that servers lied; they come with the screen Network. */
export const networkEn = {
  kept: {
    title: 'Evidence', reading: 'Reading the evidence', none: 'No server was caught lying, and none disagreed.',
    lead: 'What servers said that was false, or that others contradicted. Answers are not signed, so this convinces nobody but you.',
    kinds: { lie: 'Lie', disagreement: 'Disagreement' },
    questions: {
      account_proof: 'Asked to prove an account, it gave a proof that does not lead to the block.',
      inclusion: 'Asked to prove a transaction, it gave a proof that does not lead to the block.',
      logs: 'Asked for all logs of a token, it left some out, or gave others than the blocks hold.',
      light_client: 'It passed on a message of the consensus chain whose signature or proof is false.',
      rpc: 'Servers gave different answers.',
    },
    lieEnds: 'Nothing of it was used, and this server is never asked again.',
    said: 'What was said', block: 'Block', blocks: (n: number) => `${n} blocks, ending there`, method: 'Question', account: 'Address', about: 'About', bytes: (n: string) => `${n} bytes`,
    save: 'Save as a file', more: 'Show more',
  },
};

export type NetworkTexts = typeof networkEn;
