/* Made by tools/api_gen.py from api/. Do not edit: change the schemas and run it with --write. */

/** A fact as a code with parameters. The reader makes the sentence, in its own language. */
export type Coded = {
  code: string;
  /** Values for the sentence; which ones stands in errors.json or codes.json. */
  params: Record<string, string>;
};

/** A number, its unit and how far it can be trusted. */
export type Figure = {
  value: string;
  /** Where the point goes. */
  decimals: number;
  unit: string;
  /** How it was checked. */
  grade: 'proven' | 'agreed' | 'reported';
  /** Servers that said the same. */
  k: number;
  /** Servers that were asked. */
  n: number;
  /** Block it was read at; 0 if it belongs to none. */
  block: number;
  /** When it was read, Unix time. */
  as_of_ms: number;
  /** Code of kind why in codes.json. */
  why: string;
  /** proven: who named the block that it is proven against, a node that the network's file names or the sync committee. */
  anchor?: 'none' | 'header_source' | 'light_client';
  /** Who answered. */
  servers?: string[];
};

/** How far something that was read can be trusted, as of a figure. */
export type Checked = {
  /** How it was checked. */
  grade: 'proven' | 'agreed' | 'reported';
  /** Servers that said the same. */
  k: number;
  /** Servers that were asked. */
  n: number;
  /** Block it was read at; 0 if it belongs to none. */
  block: number;
  /** When it was read, Unix time. */
  as_of_ms: number;
  /** Code of kind why in codes.json. */
  why: string;
  /** proven: who named the block that it is proven against, a node that the network's file names or the sync committee. */
  anchor?: 'none' | 'header_source' | 'light_client';
  /** Who answered. */
  servers?: string[];
};

export type Asset = {
  id: string;
  kind: 'native' | 'erc20';
  symbol: string;
  name: string;
  decimals: number;
  /** In the signed token list, or native. */
  listed: boolean;
};

export type Party = {
  address: string;
  name?: string;
  /** How this wallet knows it. */
  known: 'own' | 'contact' | 'token' | 'contract' | 'sent_to' | 'none';
};

export type Network = {
  id: string;
  name: string;
  chain_id: number;
  kind: 'local' | 'test' | 'main';
  native: Asset;
  /** Its file names a faucet: faucet_request works. */
  faucet: boolean;
  /** Where trusted blocks come from: nowhere, the node that the network's file names, a proof, or the node that the person named. */
  consensus: 'none' | 'header_source' | 'light_client' | 'own_node';
  /** Whether our account contracts are on this chain. */
  contracts: 'unknown' | 'missing' | 'ready';
  selected: boolean;
};

export type Owner = {
  id: string;
  name: string;
  /** cosigner: no passkey, an ordinary key that a server keeps. */
  kind: 'passkey' | 'security_key' | 'tpm' | 'test_key' | 'cosigner';
  rp_id: string;
  credential_id: string;
  transports: Transport[];
  /** The authenticator may copy it to other devices. */
  synced: boolean;
  created_ms: number;
  /** 0: never. */
  last_used_ms: number;
  /** Last time a ceremony with it succeeded; 0: never. */
  tested_ms: number;
  /** On the selected network: made and on no chain yet; of a co-signer, its coming waits; may sign; may sign and its removal waits; removed. */
  state: 'waiting' | 'joining' | 'active' | 'leaving' | 'gone';
  /** After the account was made: its address does not depend on this one. */
  added: boolean;
  /** leaving, joining: from then on that may be carried out; else 0. */
  ready_ms: number;
  /** Where it stands on each network that was read since the start. */
  chains: {
    network_id: string;
    state: 'waiting' | 'joining' | 'active' | 'leaving' | 'gone';
  }[];
};

export type CosignerLimit = {
  /** Absent: ether. */
  token?: string;
  /** Of payments to this one alone. Absent: to all together. */
  to?: string;
  /** Smallest units, in a period of a day that begins with its first payment. */
  amount: string;
};

/** Something about the co-signer that waits for the account's passkey. */
export type CosignerWish = {
  what: 'make' | 'sign' | 'leave' | 'release';
  server: string;
  /** sign */
  operation_id?: string;
  chain_ids: number[];
  limits: CosignerLimit[];
  expires_ms: number;
  /** The public key of the terms, x and y, 64 bytes: with account, chains, limits and the page's origin all that is signed can be worked out. */
  passkey: string;
  options: RequestOptions;
};

/** The key that a server keeps for the account, and its terms, which are fixed. */
export type Cosigner = {
  owner_id: string;
  server: string;
  address: string;
  chain_ids: number[];
  limits: CosignerLimit[];
};

export type Transport = 'usb' | 'nfc' | 'ble' | 'smart-card' | 'hybrid' | 'internal';

/** Of a smart account, on the selected network: which version of the contract it has. Absent: it was not read. */
export type AccountVersion = {
  /** 0: code that this wallet does not know. */
  number: number;
  checked: Checked;
  /** The move to version 2: not possible here, possible, or begun. */
  upgrade: 'none' | 'offered' | 'waits';
  /** Of a move that waits: from then on it may be carried out. 0: none waits. */
  ready_ms: number;
};

/** What one owner alone may spend of an asset in a period, where several must sign. */
export type Limit = {
  asset: Asset;
  amount: Figure;
  /** In the period under way, or in the last one. */
  spent: Figure;
  /** Of the asset, smallest unit: before the greatest fee of the next operation, which takes from that of the native asset. */
  left: string;
  /** Length of a period; 0: no limit was set, so nothing may be spent. */
  hours: number;
  /** The period under way is over then; the next begins with the first spending after it. */
  ends_ms: number;
};

/** Of an account of version 2, on the selected network. */
export type AccountLimits = {
  /** The native asset first; without a limit for it one owner does nothing alone, for fees count against it. */
  list: Limit[];
  /** Promised by operations of one owner in the period of the native asset's limit. */
  fees: Figure;
  /** To whom one owner may send any amount: of contacts, and of addresses that were made known here. */
  known: {
    party: Party;
    checked: Checked;
  }[];
};

/** A setting that waits, and that this wallet knows of: amount and hours of a limit, party of a known address, guardians and threshold of guardians. */
export type Setting = {
  id: string;
  kind: 'guardians' | 'limit' | 'known';
  /** From then on it may be carried out. */
  ready_ms: number;
  amount?: Figure;
  hours?: number;
  party?: Party;
  /** How many; 0: they are taken away. */
  guardians?: number;
  threshold?: number;
};

/** A session key: a job's own key that may act without an owner, within its terms and until a time. */
export type Session = {
  /** 20 bytes; the nonce key of its operations is 1 in 32 bits, then this. */
  id: string;
  /** unread: the chain has not said yet. waits: it is not on the chain yet. ended: by an owner. void: the owners have changed since. */
  state: 'unread' | 'waits' | 'live' | 'ended' | 'void' | 'expired';
  /** It sends the native asset; a token; it calls one function of a contract. */
  kind: 'ether' | 'token' | 'function';
  /** The address of the job's key. */
  job_key: string;
  /** The receiver, or the contract. */
  to: Party;
  asset: Asset;
  /** In all; of kinds ether and function greatest fees included. */
  amount: Figure;
  /** Of kind token: the native asset in all, for greatest fees. */
  fees?: Figure;
  /** Of amount, while it is live. */
  left?: Figure;
  /** Of fees, while it is live. */
  fees_left?: Figure;
  /** Of kind function: its selector. */
  function?: string;
  until_ms: number;
};

export type Account = {
  id: string;
  name: string;
  address: string;
  /** passkey: a smart account. phrase, key: an ordinary account whose key is in the vault. */
  kind: 'passkey' | 'watch' | 'phrase' | 'key';
  /** Of kind phrase: how it is derived. */
  path?: string;
  /** Of kinds phrase and key: accounts of one phrase have the same. */
  entry?: number;
  owners: Owner[];
  /** On the selected network: so many may sign that this wallet does not know. Absent: none, as far as was read. */
  unknown_owners?: number;
  /** On the selected network, as it was read last: so many owners must sign. */
  threshold: number;
  /** Another threshold that waits, on the selected network. */
  threshold_change?: {
    threshold: number;
    /** From then on it may be carried out. */
    ready_ms: number;
  };
  /** On the selected network: the account contract exists. */
  on_chain: boolean;
  version?: AccountVersion;
  limits?: AccountLimits;
  cosigner?: Cosigner;
  cosigner_wish?: CosignerWish;
  guardians?: GuardianWay;
  /** That wait, on the selected network. */
  settings?: Setting[];
  /** Session keys that were signed here, on the selected network, oldest first. */
  sessions?: Session[];
  /** So many owners that were removed on one chain may still sign on another, each counted once for each such chain (owner_chains). Absent: none, as far as was read. */
  revoked?: number;
  /** Two ways in proven within 180 days, and one of them may be lost. */
  safe: boolean;
  selected: boolean;
  created_ms: number;
};

/** A step of an account's owner list that was signed here, kept so that it can be carried to the chains that lack it. */
export type OwnerChange = {
  /** ownerChangeId of the contract: the same on every chain, and what the owners sign. */
  id: string;
  sequence: number;
  /** The owner who is added; ? if this wallet does not know it. Absent: nobody, as the next. */
  added?: string;
  removed?: string;
  /** After it. */
  threshold: number;
  /** Of these owners. */
  signatures: string[];
};

/** What was read last of an account's owner list on one chain. */
export type OwnerChain = {
  network_id: string;
  /** unread: not read yet. absent: the account is not there. in_step: nothing is to be carried. lacks: the change next can be carried. waits: it was. vetoed: it was stopped. differs: another history, where nothing holds that was signed for the others. behind: a change in between is not kept in this wallet. */
  state: 'unread' | 'absent' | 'in_step' | 'lacks' | 'waits' | 'vetoed' | 'differs' | 'behind';
  /** Absent: unread. */
  checked?: Checked;
  /** Of the account's owners those that may sign there. */
  owners: string[];
  /** Of these, those that were removed on another chain. */
  revoked: string[];
  /** So many may sign there that this wallet does not know. */
  unknown: number;
  threshold: number;
  /** How often the owners changed there. */
  sequence: number;
  /** The id of the last change; the account's address if there was none. */
  head?: string;
  /** That comes next there. */
  next?: OwnerChange;
  /** waits: from then on it may be applied; else 0. */
  ready_ms: number;
};

export type OwnerChains = {
  account_id: string;
  /** Of every network of this wallet. */
  chains: OwnerChain[];
  /** That are kept, oldest first. */
  changes: OwnerChange[];
};

export type Partial = {
  /** The account that would do it. */
  address: string;
  network_id: string;
  code: string;
  state: 'open' | 'unread' | 'no_account' | 'expired';
  /** Until when the other wallet waits for it. */
  expires_ms: number;
  /** Wei. */
  fee_max: string;
  nonce: string;
  calls: PartialCall[];
  /** Accounts of this wallet one of whose passkeys owns the account. */
  signers: string[];
};

export type PartialCall = {
  what: 'payment' | 'token' | 'owners' | 'veto' | 'own' | 'unknown';
  /** It can give the account away, or nothing here can say what it does. */
  danger: boolean;
  to: string;
  /** Smallest unit of the token; of all others, wei. */
  amount: string;
  token?: string;
  /** Of a listed token, and of the native asset. */
  symbol?: string;
  decimals?: number;
  /** owners: how many must sign then. */
  threshold?: number;
  added?: string[];
  removed?: string[];
  /** own, unknown: the call as it is. */
  data?: string;
};

export type Guardian = {
  /** The ERC-7913 key as the account has it. */
  key: string;
  kind: 'passkey' | 'key' | 'other';
  address?: string;
  /** It is this account of the wallet. */
  account_id?: string;
  /** What the owner calls him. */
  name?: string;
  /** There is a request for help, and this guardian has answered it. */
  answered: boolean;
  /** There is a request of guardians_ask, and this is whether he has answered it. */
  agreed?: boolean;
};

/** Guardians of an account on the selected network, as recovery_status read them last. Absent: none are known. */
export type GuardianWay = {
  number: number;
  /** So many together. */
  threshold: number;
  /** They are a way in: read within 180 days, and no owner of the account is needed among them. */
  counts: boolean;
  read_ms: number;
  /** When enough of them answered a practice request last; 0: never. */
  proven_ms: number;
  /** So many answered it. */
  proven_by: number;
};

/** An account's guardians and what they do, as a chain says it. */
export type Recovery = {
  address: string;
  network_id: string;
  /** It is in this wallet. */
  account_id?: string;
  /** What this chain has there: no account of ours, one that cannot have guardians, one that has none, one with guardians, and one whose guardians are replacing its owners. */
  state: 'no_account' | 'version_1' | 'no_guardians' | 'quiet' | 'under_way';
  checked: Checked;
  owners: number;
  guardians: Guardian[];
  /** So many guardians together. */
  threshold: number;
  /** How long what they decide waits. */
  delay_s: number;
  /** under_way: from then on it may be applied; else 0. */
  ready_ms: number;
  /** under_way: then it is over by itself; else 0. */
  lapses_ms: number;
  /** How often owners can still put these guardians off. */
  put_offs_left: number;
  /** under_way: it is what was asked for from this wallet. */
  asked: boolean;
  /** No operation before; 0 or past: it is not frozen. */
  frozen_ms: number;
  /** The guardians hold owners and settings still until then; 0 or past: they do not. */
  held_ms: number;
  /** The request for help that was made here. */
  help?: {
    text: string;
    code: string;
    answers: number;
    /** More answers are needed; it can be sent; or the account has moved on, and it must be asked anew. */
    state: 'open' | 'enough' | 'outdated';
  };
  /** The request of guardians_ask. */
  asks?: {
    what: 'practice' | 'cancel' | 'hold';
    text: string;
    code: string;
    answers: number;
    /** As of help. Of practice, enough: the way is proven. */
    state: 'open' | 'enough' | 'outdated';
  };
};

export type Balance = {
  asset: Asset;
  amount: Figure;
  /** An unknown token; not shown unless asked for. */
  hidden: boolean;
};

export type Balances = {
  account_id: string;
  network_id: string;
  items: Balance[];
  /** How many unknown tokens are left out. */
  hidden: number;
};

export type Contact = {
  id: string;
  name: string;
  address: string;
  sent_count: number;
  created_ms: number;
};

export type Peer = {
  id: string;
  address: string;
  direction: 'in' | 'out';
  /** gossip: a server told of it; rendezvous: it is registered at a rendezvous point; public_dht: it stands in the public DHT of IPFS. */
  found: 'mdns' | 'dht' | 'saved' | 'bootstrap' | 'manual' | 'inbound' | 'gossip' | 'rendezvous' | 'public_dht';
  /** 0: not measured. */
  rtt_ms: number;
  /** What it calls itself; a stranger's words. */
  agent: string;
  /** Offers the wallet service on the selected network. */
  server: boolean;
  since_ms: number;
};

/** What shows that a server lied, or that servers disagree. */
export type Evidence = {
  at_ms: number;
  network_id: string;
  /** lie: a proof that does not lead to the block, or a false signature. */
  kind: 'lie' | 'disagreement';
  question: 'account_proof' | 'inclusion' | 'logs' | 'light_client' | 'rpc';
  /** With rpc. */
  method?: string;
  /** What the answer had to lead to. */
  block_hash?: string;
  block?: number;
  /** With logs: so many, ending there. */
  blocks?: number;
  address?: string;
  /** The first 120 bytes of parameters; or of slots, topics or the transaction, as hex. */
  about?: string;
  said: EvidenceAnswer[];
};

export type EvidenceAnswer = {
  server: string;
  /** Bytes of the answer as it came. */
  len: number;
  /** The first 120 bytes: text with rpc, else hex. A stranger's words. */
  answer?: string;
};

export type Server = {
  id: string;
  rtt_ms: number;
  /** Promises kept. */
  kept_permille: number;
  /** What it serves, such as known_code. */
  level: string;
  attested: 'none' | 'tpm' | 'hardware' | 'code' | 'code_and_place';
  /** It keeps co-signers' keys, as it says: in a file, or sealed by its TPM. Absent: it keeps none. */
  cosigning?: 'file' | 'sealed';
  state: 'ok' | 'slow' | 'busy' | 'blocked';
  evidence?: Coded;
  reason?: Coded;
};

export type Descriptor = {
  id: string;
  transports: Transport[];
};

/** For navigator.credentials.create; every byte string in base64url. */
export type CreationOptions = {
  rp_id: string;
  rp_name: string;
  user_id: string;
  user_name: string;
  user_display_name: string;
  challenge: string;
  /** COSE algorithms, best first; -7 is ES256. */
  algorithms: number[];
  exclude: Descriptor[];
  attachment?: 'platform' | 'cross-platform';
  hints: ('client-device' | 'security-key' | 'hybrid')[];
  resident_key: 'required' | 'preferred' | 'discouraged';
  user_verification: 'required';
  attestation: 'none' | 'direct';
  timeout_ms: number;
};

/** For navigator.credentials.get. */
export type RequestOptions = {
  rp_id: string;
  challenge: string;
  allow: Descriptor[];
  user_verification: 'required';
  timeout_ms: number;
};

/** What navigator.credentials.create gave. */
export type Attestation = {
  credential_id: string;
  client_data_json: string;
  attestation_object: string;
  transports: Transport[];
};

/** What navigator.credentials.get gave. */
export type Assertion = {
  credential_id: string;
  client_data_json: string;
  authenticator_data: string;
  signature: string;
  user_handle?: string;
};

export type Ceremony = {
  id: string;
  kind: 'create' | 'unlock' | 'owner';
  name: string;
  /** owner: for which account. */
  account_id?: string;
  created_ms: number;
  expires_ms: number;
};

export type Effect = {
  /** leaves and arrives are seen from the account that pays. */
  kind: 'leaves' | 'arrives' | 'permission' | 'account_created' | 'contract_call';
  asset?: Asset;
  amount?: Figure;
  /** permission: no upper bound. */
  unlimited?: boolean;
  from: Party;
  to: Party;
  grade: 'proven' | 'agreed' | 'reported';
};

export type Risk = {
  id: string;
  level: 'blocked' | 'danger' | 'caution' | 'info';
  /** Code of kind risk in codes.json. */
  code: string;
  params: Record<string, string>;
  /** Must be ticked before approval. */
  tick: boolean;
};

export type Fee = {
  /** The most that can be paid. */
  max: Figure;
  /** What was paid, once included. */
  paid?: Figure;
  speed: Speed;
  /** Usual time to inclusion. */
  wait_s: number;
};

export type Speed = 'normal' | 'fast' | 'own';

export type Trial = {
  state: 'running' | 'done' | 'unavailable' | 'would_fail';
  block: number;
};

export type Call = {
  to: string;
  value: string;
  data: string;
  /** Decoded name and arguments. */
  function?: string;
};

/** The signed bytes, field by field; fees in wei. A user operation, or (with gas_limit and signing_hash) a transaction. */
export type Exact = {
  chain_id: number;
  entry_point?: string;
  sender: string;
  nonce: string;
  calls: Call[];
  user_op_hash?: string;
  call_gas_limit?: string;
  verification_gas_limit?: string;
  pre_verification_gas?: string;
  max_fee_per_gas: string;
  max_priority_fee_per_gas: string;
  gas_limit?: string;
  signing_hash?: string;
};

export type Step = {
  state: OpState;
  /** 0: not reached. */
  at_ms: number;
  /** signed: the name of the owner that signed. */
  by?: string;
  grade?: 'proven' | 'agreed' | 'reported';
  /** submitted: how many took it. */
  servers?: number;
  block?: number;
};

export type OpState = 'draft' | 'prepared' | 'signed' | 'submitted' | 'included' | 'final' | 'failed' | 'replaced' | 'expired' | 'cancelled';

export type Asker = {
  kind: 'self' | 'command_line' | 'app' | 'stranger';
  origin: string;
  first_seen_ms: number;
};

/** One thing from draft to final. Also what came in (kind receive). */
export type Operation = {
  id: string;
  kind: 'send' | 'receive' | 'call' | 'batch' | 'speed_up' | 'cancel' | 'faucet' | 'owner_add' | 'owner_remove' | 'owner_apply' | 'owner_veto' | 'upgrade_begin' | 'upgrade_apply' | 'upgrade_veto' | 'threshold_begin' | 'threshold_apply' | 'threshold_veto' | 'guardians_begin' | 'guardians_apply' | 'guardians_veto' | 'limit_begin' | 'limit_apply' | 'limit_veto' | 'known_begin' | 'known_apply' | 'known_veto' | 'limit_lower' | 'known_forget' | 'recovery_begin' | 'recovery_apply' | 'recovery_put_off' | 'recovery_freeze' | 'session_add' | 'session_end' | 'cosigner_begin' | 'cosigner_apply' | 'cosigner_veto' | 'owners_carry' | 'owners_carry_apply' | 'owners_carry_veto' | 'recovery_cancel' | 'recovery_hold';
  state: OpState;
  /** Rises whenever anything shown has changed; approval names the one that was seen. */
  revision: number;
  account_id: string;
  network_id: string;
  created_ms: number;
  updated_ms: number;
  /** Approval is refused after this; 0: never. */
  expires_ms: number;
  asked_by: Asker;
  from: Party;
  to: Party;
  asset: Asset;
  amount: Figure;
  /** owner_add and its like: the name of the owner it is about. */
  subject?: string;
  effects: Effect[];
  fee: Fee;
  risks: Risk[];
  trial: Trial;
  check_code?: string;
  /** Code of kind next in codes.json. */
  next: Coded;
  /** Code of kind undo. */
  undo: Coded;
  /** Present while state is prepared: the passkey ceremony for exactly this revision. */
  request?: RequestOptions;
  /** Of an operation that waits for several owners: who has signed. */
  signers?: string[];
  /** The same: signatures of owners that this wallet does not know. */
  signed_elsewhere?: number;
  /** The same: it was given out as text and waits for a day (docs/partial.md). */
  given_out?: boolean;
  /** Where it is more than one: so many owners must sign. */
  signers_needed?: number;
  /** Names of the passkeys that may sign. */
  owners: string[];
  exact?: Exact;
  steps: Step[];
  tx_hash?: string;
  user_op_hash?: string;
  block?: number;
  /** Who took it. */
  server?: string;
  /** Why it failed or was dropped: a code of errors.json or of kind reason. */
  reason?: Coded;
  replaces?: string;
  replaced_by?: string;
  /** What may be asked for now. */
  can: ('approve' | 'reject' | 'speed_up' | 'cancel' | 'send_again')[];
};

export type Row = {
  id: string;
  kind: 'send' | 'receive' | 'call' | 'batch' | 'speed_up' | 'cancel' | 'faucet' | 'owner_add' | 'owner_remove' | 'owner_apply' | 'owner_veto' | 'upgrade_begin' | 'upgrade_apply' | 'upgrade_veto' | 'threshold_begin' | 'threshold_apply' | 'threshold_veto' | 'guardians_begin' | 'guardians_apply' | 'guardians_veto' | 'limit_begin' | 'limit_apply' | 'limit_veto' | 'known_begin' | 'known_apply' | 'known_veto' | 'limit_lower' | 'known_forget' | 'recovery_begin' | 'recovery_apply' | 'recovery_put_off' | 'recovery_freeze' | 'session_add' | 'session_end' | 'cosigner_begin' | 'cosigner_apply' | 'cosigner_veto' | 'owners_carry' | 'owners_carry_apply' | 'owners_carry_veto' | 'recovery_cancel' | 'recovery_hold';
  state: OpState;
  direction: 'out' | 'in' | 'self';
  party: Party;
  asset: Asset;
  amount: Figure;
  fee?: Figure;
  at_ms: number;
  spam: boolean;
  reason?: Coded;
};

export type ChainHealth = {
  state: 'ok' | 'degraded' | 'doubtful' | 'no_server' | 'no_network' | 'syncing';
  block: number;
  /** Time stamp of that block. */
  block_ms: number;
  as_of_ms: number;
  grade: 'proven' | 'agreed' | 'reported';
  k: number;
  n: number;
  tried: number;
  /** Where trusted blocks come from. */
  anchor?: 'none' | 'header_source' | 'light_client';
  /** Why the state is doubtful: no server proves what it says, servers disagree, or no trusted block is named any more. */
  doubt?: 'none' | 'unproven' | 'disputed' | 'anchor_silent';
};

/** How far the daemon has shut itself in (docs/threat-model.md). */
export type Sandbox = {
  level: 'none' | 'partial' | 'full';
  /** 0: the kernel has none. */
  landlock_abi: number;
  missing: ('no_new_privs' | 'limits' | 'seccomp' | 'landlock')[];
};

/** What opens the vault of ordinary accounts. */
export type Vault = {
  state: 'none' | 'locked' | 'open';
  /** Until the next try is taken, after wrong ones. */
  wait_ms: number;
  passkeys: VaultPasskey[];
  /** There is a recovery phrase. */
  has_phrase: boolean;
  /** Absent: there is none. */
  phrase?: {
    /** Last time it opened the vault; 0: never. */
    proven_ms: number;
  };
  /** Absent: there is no vault. */
  backup?: {
    /** Last time a backup file was opened here; 0: never. */
    proven_ms: number;
    /** The vault has not changed since that file was made. */
    current: boolean;
  };
  /** Absent: there is no vault. */
  copies?: {
    /** That keep a copy of the vault as it is now, for the passkey with the fewest. */
    servers: number;
    /** When the first of them forgets it, unless the vault is opened before; 0: none keeps one. */
    until_ms: number;
  };
  /** Numbers of what it holds; empty unless it is open. */
  entries: number[];
};

export type VaultPasskey = {
  id: string;
  rp_id: string;
  /** Last time it opened the vault; 0: never. */
  proven_ms: number;
  /** What its PRF evaluates; not secret. */
  prf_input: string;
};

/** What the key process itself read in the bytes that are signed. */
export type Reading = {
  kind: 'transaction' | 'message' | 'typed_data';
  chain_id?: number;
  nonce?: string;
  gas_limit?: string;
  max_fee_per_gas?: string;
  max_priority_fee_per_gas?: string;
  /** Wei: gas limit times max fee. */
  fee_max?: string;
  /** Absent: it makes a contract. */
  to?: string;
  /** Wei. */
  value?: string;
  data_bytes?: number;
  /** It is a token transfer and nothing else: to whom. */
  token_to?: string;
  token_amount?: string;
  /** Of a message. */
  bytes?: number;
  /** Of a message: it can be read. */
  is_text?: boolean;
  primary_type?: string;
  domain_name?: string;
  domain_chain_id?: number;
  /** verifyingContract of the domain. */
  contract?: string;
};

export type Status = {
  version: string;
  /** Changes with every start of the daemon. */
  start_id: string;
  /** The daemon's clock. */
  now_ms: number;
  locked: boolean;
  network_id: string;
  /** Absent: there is no account yet. */
  account_id?: string;
  chain: ChainHealth;
  /** The key process. */
  keys: 'ok' | 'down';
  /** Of ordinary accounts; absent while the key process does not answer. */
  vault?: 'none' | 'locked' | 'open';
  sandbox: Sandbox;
  /** An account uses a key in software. */
  test_key: boolean;
  /** How many wait for approval. */
  requests: number;
  /** Begun and not finished. */
  ceremonies: Ceremony[];
  peers: number;
  servers: number;
};

export type Settings = {
  language: 'auto' | 'en' | 'zh-Hans';
  theme: 'system' | 'light' | 'dark';
  density: 'comfortable' | 'compact';
  history: 'scroll' | 'pages';
  /** May servers be looked for in the public DHT of IPFS: strangers there learn this machine's IP address and that it looks for servers of Passmesh. ask: nobody was asked yet, and nothing is sent. */
  public_dht: 'ask' | 'yes' | 'no';
  shortcuts: boolean;
  /** 0: never. */
  lock_after_min: number;
  hide_unknown_tokens: boolean;
};

export type Reach = {
  state: 'reachable' | 'punchable' | 'relayed' | 'unknown';
  /** Code of kind reach. */
  why: Coded;
};

export type NetworkStatus = {
  reach: Reach;
  /** May servers be looked for in the public DHT of IPFS: off: the configuration forbids it, or the network is local; else what passmesh.ini or, with ask there, the setting of that name says. */
  public_dht: 'off' | 'ask' | 'no' | 'yes';
  peers: number;
  by_source: {
    mdns: number;
    dht: number;
    saved: number;
    bootstrap: number;
    manual: number;
    inbound: number;
    gossip: number;
    rendezvous: number;
    public_dht: number;
  };
  /** Bytes. */
  memory_used: number;
  /** Bytes. */
  memory_max: number;
  refused: {
    /** Code of kind refusal. */
    reason: string;
    scope: string;
    count: number;
  }[];
  chain: ChainHealth;
  servers: number;
  /** What left this machine since the start. */
  sent: {
    /** Code of kind sent. */
    what: string;
    /** Code of kind sent_to. */
    to: string;
    count: number;
  }[];
  own_node?: string;
};

/** A connected peer, with what its connection is made of. */
export type NetPeer = {
  id: string;
  address: string;
  direction: 'in' | 'out';
  transport: 'tcp' | 'ws' | 'wss' | 'quic' | 'relay';
  security: 'noise' | 'tls';
  muxer: 'yamux' | 'quic';
  /** 0: not measured. */
  rtt_us: number;
  since_s: number;
  connections: number;
  streams: number;
  /** Bytes of the budget that it holds. */
  memory_used: number;
  /** How it sees us; "": it has not said. */
  observed: string;
  /** What it calls itself; a stranger's words. */
  agent: string;
  /** That it speaks, it says. */
  protocols: string[];
  /** What the connection manager holds of it. */
  tags?: {
    tag: string;
    value: number;
    /** It is not let go of. */
    protects: boolean;
  }[];
  /** Of gossipsub, in thousandths; below 0 it did more harm than good. Missing: neither speaks it with the other. */
  gossip_score?: number;
};

/** The node's place in the peer-to-peer network: addresses, peers, routing table, topics, budget. */
export type NetState = {
  id: string;
  reach: Reach;
  /** Does the router keep one outer port, whoever is talked to? */
  router_ports: 'unknown' | 'same' | 'differs';
  /** Connected peers that dial for others. */
  testers: number;
  addresses: {
    address: string;
    sources: ('listen' | 'observed' | 'mapped' | 'relay' | 'announced')[];
    reach?: Reach;
    /** Peers whose dial to it arrived. */
    arrived?: number;
    /** Peers that say that none did. */
    failed?: number;
  }[];
  peers: NetPeer[];
  /** By which peer id servers are asked about an account: a fresh one for each. */
  identities?: {
    account_id: string;
    peer_id: string;
    /** That it is connected to. */
    servers: number;
  }[];
  /** Why the last peers left, the newest first. */
  endings?: {
    peer: string;
    ago_s: number;
    direction: 'in' | 'out';
    /** It was let go of, for there were too many. */
    pruned: boolean;
    /** In English. */
    why: string;
  }[];
  /** Why somebody was turned away. */
  refusals?: {
    /** In English. */
    why: string;
    scope: string;
    count: number;
  }[];
  dht: {
    mode: 'off' | 'client' | 'server';
    /** In the routing table. */
    peers: number;
    /** Estimate; 0: not known yet. */
    network_size: number;
    operations: number;
    queries: number;
    /** Records kept for others. */
    providers: number;
    values: number;
    /** Questions of others that were answered. */
    served: number;
    /** Those that are not empty. */
    buckets: {
      /** That its peers share with us. */
      bits: number;
      peers: number;
    }[];
  };
  /** Of gossipsub; none: this program joins none. */
  topics: {
    topic: string;
    subscribed: boolean;
    peers: number;
    mesh: string[];
  }[];
  /** Signed descriptors of servers, from gossip or asked for. */
  directory?: {
    /** Servers of which one is held. */
    held: number;
    held_max: number;
    /** To peers that asked for some. */
    answers: number;
    /** What came of those that came. */
    verdicts: {
      /** taken, or why not. */
      verdict: string;
      count: number;
    }[];
  };
  /** Memory in bytes. A scope lies within those above it. */
  budget: {
    scope: string;
    used: number;
    /** The highest so far. */
    used_max: number;
    limit: number;
    /** Times that it had no room. */
    refused: number;
  }[];
  counts: {
    what: 'connections' | 'connections_in' | 'connections_transient' | 'dials' | 'protocols';
    used: number;
    limit: number;
  }[];
};

/** What came of looking a peer up, dialling and pinging it, step by step. */
export type NetProbe = {
  peer: string;
  /** silent: connected, but no ping was answered; late: it took longer than 25 s. */
  outcome: 'not_found' | 'found' | 'unreachable' | 'connected' | 'answered' | 'silent' | 'late';
  took_ms: number;
  /** Before it began. */
  was_connected: boolean;
  /** Our own routing table has it, so nobody was asked first. */
  in_table: boolean;
  lookup?: {
    took_ms: number;
    asked: number;
    answered: number;
    /** To the closest peer that answered. */
    hops: number;
    steps: {
      /** Who was asked. */
      peer: string;
      /** left: its answer was not waited for. */
      state: 'answered' | 'failed' | 'left';
      /** 0: it stood in our own table. */
      hops: number;
      /** Which of the disjoint paths it belongs to. */
      path: number;
      /** From the beginning. */
      at_ms: number;
      took_ms: number;
      /** Peers that it named. */
      named: number;
    }[];
  };
  /** Given, then found: somebody's word. */
  addresses: string[];
  /** Addresses in the order in which they were tried. */
  dial: {
    address: string;
    /** given_up: another one was first. */
    state: 'under_way' | 'connected' | 'failed' | 'given_up';
    at_ms: number;
    took_ms: number;
    /** What went wrong, in English. */
    why: string;
  }[];
  connection?: NetPeer;
  pings: {
    answered: boolean;
    rtt_us: number;
  }[];
};

export type LogLine = {
  seq: number;
  at_ms: number;
  level: 'debug' | 'info' | 'warn' | 'error';
  part: string;
  text: string;
};

export type Health = {
  accounts: {
    account_id: string;
    safe: boolean;
    ways_in: number;
    tested: number;
    /** Codes of kind health. */
    reasons: Coded[];
  }[];
};

/** The data member of every JSON-RPC error. */
export type Error = {
  code: string;
  params: Record<string, string>;
  /** Codes of kind action, best first. */
  next: string[];
  blame: 'person' | 'page' | 'wallet' | 'server' | 'network' | 'authenticator';
};

/** The server on this machine: what is installed, what runs, what is under way. */
export type PluginState = {
  /** unavailable: the process that keeps the server does not run; absent: nothing is installed; resting: outside its hours; silent: it has not answered for 10 s; waiting: it fell over and is started again soon; failed: it stays down until somebody starts it. */
  state: 'unavailable' | 'absent' | 'stopped' | 'resting' | 'starting' | 'running' | 'silent' | 'draining' | 'waiting' | 'failed';
  since_ms: number;
  /** It runs whenever it can. */
  wanted: boolean;
  /** Whom this machine trusts. */
  repositories: {
    /** The beginning of the SHA-256 of the root that was added. */
    id: string;
    mirrors: string[];
    /** It says of itself that it is for developing alone. */
    development: boolean;
    /** It was found whole and current at the last check since the wallet's start. */
    current: boolean;
    /** Why it is not current. */
    fault?: {
      /** Code of kind plugin. */
      code: string;
      params: Record<string, string>;
    };
  }[];
  /** So many of them have to vouch for a package before it is installed. */
  agree: number;
  /** One of the repositories is for developing alone. */
  development: boolean;
  /** When enough repositories were last found whole and current; 0: never. */
  checked_ms: number;
  installed?: {
    version: string;
    /** It is the good one only after it has run for a while. */
    trial: boolean;
    /** There is one to go back to. */
    has_previous: boolean;
  };
  /** The package that was chosen for this machine at the last check. */
  offer?: {
    version: string;
    /** What is new, by its makers. */
    notes: string;
    /** Of all its files. */
    bytes: number;
    /** That it asks for. */
    disk_mib: number;
    /** That it asks for. */
    memory_mib: number;
    /** It is the installed version. */
    installed: boolean;
  };
  /** There is a newer Passmesh than the one that runs, and enough repositories vouch for it. It does not replace itself. */
  client?: {
    version: string;
    /** What is new, by its makers. */
    notes: string;
  };
  /** What the repository has, the best first, and why each does or does not suit. */
  variants?: {
    version: string;
    platform: string;
    suits: boolean;
    reasons: {
      met: boolean;
      /** Code of kind plugin. */
      code: string;
      params: Record<string, string>;
    }[];
  }[];
  /** What is under way. */
  job?: {
    step: 'checking' | 'downloading' | 'installing';
    /** Bytes that are here and right. */
    verified: number;
    /** Bytes that were signed; 0: not known yet. */
    length: number;
    /** They come from other people's servers, as no mirror gives them. */
    peers: boolean;
  };
  /** What the server says of itself. */
  run?: {
    listen: string;
    /** When the server said so; 0: it has not yet. */
    as_of_ms: number;
    /** Peers that are connected. */
    clients: number;
    /** In the last minute. */
    requests_min: number;
    /** Requests since its start. */
    served: number;
    /** Bytes from peers since its start. */
    rx: number;
    /** Bytes to peers since its start. */
    tx: number;
    /** That it holds now. */
    memory_kib: number;
    /** Its Ethereum node answers. */
    node: boolean;
    reach: Reach;
    /** Of the server. */
    sandbox: 'none' | 'partial' | 'full';
    /** The address that bundling fees go to; "": it bundles nothing. */
    payee: string;
    /** Wei of that address, by the server's node. */
    balance?: string;
    /** Wei of bundling fees since its start, less the gas that was paid for them. */
    earned?: string;
  };
  settings: {
    /** Id of the network that is served; "": not chosen yet. */
    network_id: string;
    /** The Ethereum node behind it; "": not chosen yet. */
    node: string;
    /** Where peers come in. */
    listen: string;
    /** At a time; 0: as many as the server takes. */
    clients: number;
    /** To and from peers together; 0: no bound. */
    kbit_s: number;
    /** Of the day here. The server runs from this hour on until to_hour; equal: always. */
    from_hour: number;
    to_hour: number;
  };
  /** Of the process that downloads, installs and runs. */
  sandbox: 'none' | 'partial' | 'full';
  /** What went wrong last. */
  fault?: {
    /** Code of kind plugin. */
    code: string;
    params: Record<string, string>;
    at_ms: number;
  };
};

/** Each method: what it takes and gives. */
export interface Methods {
  /** Begin a new account: gives what navigator.credentials.create needs. The record is in the journal before this answers. With resume, a ceremony that was begun and not finished goes on with the same user id, so the authenticator replaces the orphan. */
  account_create_begin: { params: {
    key: string;
    name: string;
    /** Where the person wants the key to live. */
    where: 'this_device' | 'phone' | 'security_key' | 'any';
    resume?: string;
  }; result: {
    ceremony: Ceremony;
    options: CreationOptions;
  } };
  /** Forget a ceremony that was begun and not finished. */
  account_create_cancel: { params: {
    key: string;
    ceremony_id: string;
  }; result: Record<string, never> };
  /** Hand over the answer of the authenticator. The daemon verifies it, makes the address and stores the account; asking again with the same key gives the same account. */
  account_create_finish: { params: {
    key: string;
    ceremony_id: string;
    passkey_name: string;
    response: Attestation;
  }; result: Account };
  /** Give an account another name. */
  account_rename: { params: {
    key: string;
    account_id: string;
    name: string;
  }; result: Account };
  /** Choose the account that the page shows. */
  account_select: { params: {
    key: string;
    account_id: string;
  }; result: Account };
  /** All accounts, in the order of their making. */
  accounts_list: { params: Record<string, never>; result: {
    accounts: Account[];
  } };
  /** Check what was typed or pasted as a receiver: shape, checksum, look-alikes of own, contacts and sent-to addresses, token contracts. */
  address_check: { params: {
    text: string;
    account_id: string;
    network_id: string;
    asset?: string;
  }; result: {
    /** It is an address and nothing blocks it. */
    ok: boolean;
    address?: string;
    /** Code of errors.json. */
    error?: Coded;
    party?: Party;
    risks: Risk[];
    look_alike?: {
      address: string;
      name: string;
      /** Groups of four digits that differ. */
      groups: number;
    };
  } };
  /** Prove the file that was brought: it is of this vault, and opens. Nothing is changed but the date of the proof. The vault must be open. */
  backup_check: { params: {
    key: string;
  }; result: {
    /** When the file was made. */
    made_ms: number;
    accounts: number;
    contacts: number;
  } };
  /** Make the encrypted backup file of what the wallet knows and of the vault; it is read with backup_read. The vault must be open. */
  backup_make: { params: {
    key: string;
  }; result: {
    /** Bytes of the file. */
    size: number;
    /** When the file was made. */
    made_ms: number;
    accounts: number;
    contacts: number;
  } };
  /** Bring a backup file back, in parts of at most 8 KiB and in order; offset 0 begins anew. */
  backup_part: { params: {
    key: string;
    offset: number;
    /** Bytes of the whole file. */
    size: number;
    data: string;
  }; result: Record<string, never> };
  /** Read the file that was made last, a part of at most 8 KiB from offset on. */
  backup_read: { params: {
    offset: number;
  }; result: {
    data: string;
  } };
  /** Balances of an account on a network. */
  balances_get: { params: {
    account_id: string;
    network_id: string;
    /** Unknown tokens too. */
    hidden?: boolean;
  }; result: Balances };
  /** Ask for the passkey of one owner that stops something: the recovery under way, or the account. It signs no operation, so it also holds where several owners must sign. */
  brake_begin: { params: {
    key: string;
    account_id: string;
    network_id: string;
    what: 'put_off' | 'freeze';
  }; result: {
    options: RequestOptions;
  } };
  /** Hand over the assertion; recovery_prepare makes the operation that carries it. */
  brake_finish: { params: {
    key: string;
    account_id: string;
    network_id: string;
    what: 'put_off' | 'freeze';
    assertion: Assertion;
  }; result: Record<string, never> };
  /** Prepare an empty operation with the same nonce and a higher fee. */
  cancel_prepare: { params: {
    key: string;
    operation_id: string;
  }; result: Operation };
  /** Make an operation of payer_id that carries to a network the change of the owners that comes next there, applies it when its delay is over, or carries a veto. Any account of this wallet pays; the account itself needs no signature of change_sign_finish, for its owners sign the operation. The network is read first: owner_chains with network_id. Nothing is signed. */
  change_prepare: { params: {
    key: string;
    /** Whose owners change. */
    account_id: string;
    network_id: string;
    /** Any account of this wallet. */
    payer_id: string;
    what: 'carry' | 'apply' | 'veto';
    speed: Speed;
  }; result: Operation };
  /** Ask for the passkey of an owner over a change of the owners that is kept, or over its veto. The signature names no chain: it holds wherever the account has the history that the change names. It is no operation. */
  change_sign_begin: { params: {
    key: string;
    account_id: string;
    change_id: string;
    /** change: the change itself. veto: that it is stopped. */
    what: 'change' | 'veto';
  }; result: {
    change: OwnerChange;
    options: RequestOptions;
  } };
  /** Hand over the assertion. A change's signature is kept with the account; a veto's until the wallet ends. change_prepare carries it. */
  change_sign_finish: { params: {
    key: string;
    account_id: string;
    change_id: string;
    /** change: the change itself. veto: that it is stopped. */
    what: 'change' | 'veto';
    assertion: Assertion;
  }; result: OwnerChains };
  /** Add a contact. The address must carry its EIP-55 case. */
  contacts_add: { params: {
    key: string;
    name: string;
    address: string;
  }; result: Contact };
  /** All contacts by name. */
  contacts_list: { params: Record<string, never>; result: {
    contacts: Contact[];
  } };
  /** Remove a contact. */
  contacts_remove: { params: {
    key: string;
    contact_id: string;
  }; result: Record<string, never> };
  /** Begin something about an account's co-signer, which its passkey then signs: have a server make one within limits, have it sign an operation that lacks its signature alone, take it off a network as the account's guardian, have its server forget it. One at a time; the account shows it as cosigner_wish. */
  cosigner_begin: { params: {
    key: string;
    account_id: string;
    what: 'make' | 'sign' | 'leave' | 'release';
    /** make: who keeps the key. */
    server?: string;
    /** make: where it signs; each was read by recovery_status within a minute. leave: one. */
    network_ids?: string[];
    /** make: one of them is of ether, to all; greatest fees count as ether. */
    limits?: CosignerLimit[];
    /** sign: all other owners who are needed have signed it. */
    operation_id?: string;
  }; result: CosignerWish };
  /** Hand over the assertion for what cosigner_begin began. The server is asked (but for leave), its answer is verified, and account or operation take it: made, it is an owner that owner_prepare adds; leave waits as a recovery, for recovery_prepare. */
  cosigner_finish: { params: {
    key: string;
    account_id: string;
    assertion: Assertion;
  }; result: {
    what: 'make' | 'sign' | 'leave' | 'release';
    account_id: string;
    /** sign */
    operation_id?: string;
  } };
  /** What shows that servers lied or disagreed, newest first. Answers are not signed, so it convinces nobody but this wallet. */
  evidence_list: { params: {
    limit: number;
  }; result: {
    evidence: Evidence[];
  } };
  /** Ask for the passkey that lets the phrase or the private key of an ordinary account out, to a receiver's X25519 key. */
  export_begin: { params: {
    key: string;
    account_id: string;
    what: 'phrase' | 'key';
    receiver: string;
  }; result: {
    options: RequestOptions;
  } };
  /** Hand over the assertion; the secret comes sealed to the receiver. With a sealed password a private key comes as a key file (version 3). */
  export_finish: { params: {
    key: string;
    assertion: Assertion;
    sealed?: string;
  }; result: {
    kind: 'phrase' | 'key' | 'file';
    sealed: string;
  } };
  /** Ask the faucet of a local network for test money. Listed by version only while the network has one. */
  faucet_request: { params: {
    key: string;
    account_id: string;
    network_id: string;
  }; result: {
    amount: Figure;
    tx_hash?: string;
  } };
  /** Highest fee for a transfer at each speed, what there is, and the most that can be sent. */
  fee_quote: { params: {
    account_id: string;
    network_id: string;
    asset: string;
    to?: string;
    amount?: string;
  }; result: {
    have: Figure;
    have_native: Figure;
    speeds: {
      fee: Fee;
      /** Balance less the highest fee (native), or the balance. */
      max_amount: Figure;
    }[];
  } };
  /** Give a guardian of an account a name, or with an empty one take it away. It stands in this wallet and its backup alone; no chain has it. */
  guardian_name: { params: {
    key: string;
    account_id: string;
    /** Its key, as recovery_status gives it. */
    guardian: string;
    name: string;
  }; result: Record<string, never> };
  /** Read what guardian_text gave, or the address of an ordinary key. */
  guardian_read: { params: {
    text: string;
  }; result: {
    guardian: Guardian;
    /** What he calls himself. */
    name?: string;
  } };
  /** What an account of this wallet is as a guardian, as text for the owner of another account: its passkey, or its key. */
  guardian_text: { params: {
    account_id: string;
    /** Which passkey. Absent: the first that may sign. */
    owner_id?: string;
    /** What the guardian calls himself: the owner's wallet names him so. */
    name?: string;
  }; result: {
    text: string;
    guardian: Guardian;
  } };
  /** Make a request for the guardians of an account: practice (of an own account: nothing comes of it, and enough answers prove the way in), cancel (they take the recovery under way back), hold (they stop the account for their delay). For the last two the account may also be a watched one. What recovery_status read less than a minute ago is what it rests on. A request of these kinds that was there goes. */
  guardians_ask: { params: {
    key: string;
    account_id: string;
    network_id: string;
    what: 'practice' | 'cancel' | 'hold';
  }; result: Recovery };
  /** Make an operation that begins to set the account's guardians (which waits, and any owner may stop it). Each is what guardian_text gave, or the address of an ordinary key; none: they are taken away. Nothing is signed. */
  guardians_prepare: { params: {
    key: string;
    account_id: string;
    network_id: string;
    guardians: string[];
    /** So many together; 0 without guardians. More than one call carries are refused. */
    threshold: number;
    /** How long what they decide waits. */
    days: number;
    speed: Speed;
    /** What the owner calls each of them, in the same order; empty, or absent: what the guardian's text says. */
    names?: string[];
  }; result: Operation };
  /** What this machine could do for others, as it says itself: nothing here proves anything to others. As it was when the daemon started, found without privilege; nothing is loaded or written. A locked wallet answers too. */
  hardware: { params: Record<string, never>; result: {
    /** Maker of the processor. */
    vendor: 'intel' | 'amd' | 'other';
    role: 'bare-metal' | 'vm' | 'confidential-guest';
    container: boolean;
    /** 0: not known. */
    cores: number;
    /** 0: not known. */
    memory_kib: number;
    /** Free where data lies. */
    disk_free_kib: number;
    /** The processor has instructions for AES. */
    aes: boolean;
    technologies: {
      name: 'sgx' | 'tdx-guest' | 'tdx-host' | 'sev-snp-guest' | 'sev-snp-host' | 'paravisor' | 'nitro-guest' | 'nitro-host' | 'cca-realm' | 'op-tee' | 'tpm2';
      /** The chip has it. */
      chip: boolean;
      /** The firmware switched it on and shows it to this system. */
      firmware: boolean;
      /** This user can use it now. */
      usable: boolean;
      /** Code of kind hardware in codes.json. */
      reason: string;
      /** What to do, a code too; absent if nothing needs to be done. */
      advice?: string;
    }[];
    services: {
      name: 'relay' | 'backup' | 'co-signer';
      verdict: 'can' | 'limited' | 'cannot';
      /** Code of kind hardware in codes.json. */
      reason: string;
    }[];
  } };
  /** Read a request to guardians in words. state says what stands against signing it; unread: call recovery_status for its account first, then again. */
  help_open: { params: {
    text: string;
  }; result: {
    address: string;
    network_id: string;
    /** New owners; nothing, for practice; a recovery is taken back; the account is held. */
    what: 'recover' | 'practice' | 'cancel' | 'hold';
    code: string;
    state: 'open' | 'unread' | 'no_account' | 'version_1' | 'under_way' | 'outdated' | 'not_under_way' | 'held';
    /** recover: who owns the account then. */
    new_owners: Guardian[];
    /** How many owners it loses. */
    removed: number;
    /** recover: how many owners must sign then; else 0. */
    threshold: number;
    /** Accounts of this wallet that are guardians there. */
    signers: string[];
  } };
  /** Ask for the passkey that signs a request for help as a guardian. confirmed: the guardian says that he has asked the person in another way, and that the codes are equal. */
  help_sign_begin: { params: {
    key: string;
    account_id: string;
    text: string;
    confirmed: boolean;
  }; result: {
    options: RequestOptions;
    code: string;
  } };
  /** Hand over the assertion; the answer is a text for the person who asked. */
  help_sign_finish: { params: {
    key: string;
    account_id: string;
    text: string;
    assertion: Assertion;
  }; result: {
    text: string;
  } };
  /** Operations and incoming payments, newest first. */
  history_list: { params: {
    account_id: string;
    network_id: string;
    limit: number;
    /** The next of the page before. */
    after?: string;
    search?: string;
    direction?: 'all' | 'out' | 'in';
    /** Spam too. */
    spam?: boolean;
  }; result: {
    rows: Row[];
    next?: string;
    total: number;
    spam_hidden: number;
  } };
  /** Make an operation that begins to make an address known, to which one owner alone may send any amount (which waits, and any owner may stop it), or forgets one at once. Nothing is signed. */
  known_prepare: { params: {
    key: string;
    account_id: string;
    network_id: string;
    what: 'add' | 'forget';
    address: string;
    speed: Speed;
  }; result: Operation };
  /** Make an operation that begins to set what one owner alone may spend of an asset in a period (which waits, and any owner may stop it), or lowers that at once. Nothing is signed. */
  limit_prepare: { params: {
    key: string;
    account_id: string;
    network_id: string;
    what: 'set' | 'lower';
    asset: string;
    /** Smallest unit. */
    amount: string;
    /** Length of the period, 1 to 8784; of lower it may be absent: as it is. */
    hours?: string;
    speed: Speed;
  }; result: Operation };
  /** Lock the wallet: only status, unlocking and rejecting work until it is unlocked. */
  lock: { params: {
    key: string;
  }; result: Record<string, never> };
  /** Newest log lines, oldest first. */
  log_tail: { params: {
    limit: number;
    /** At least this level. */
    level?: 'debug' | 'info' | 'warn' | 'error';
    part?: string;
    /** Only lines with a higher seq. */
    after?: number;
  }; result: {
    lines: LogLine[];
  } };
  /** Ask for the passkey that signs a message (EIP-191) or typed data (EIP-712) with an ordinary account. payload: the message's bytes, or the typed data's JSON. */
  message_sign_begin: { params: {
    key: string;
    account_id: string;
    kind: 'message' | 'typed_data';
    payload: string;
  }; result: {
    options: RequestOptions;
    reading: Reading;
    check_code: string;
  } };
  /** Hand over the assertion; the signature is r, s, v. */
  message_sign_finish: { params: {
    key: string;
    assertion: Assertion;
  }; result: {
    signature: string;
  } };
  /** Look a peer up, connect to it or ping it, and say each step. On the Unix socket alone: a page has nobody dialled. */
  net_probe: { params: {
    key: string;
    /** A peer id, or an address that ends with /p2p/ and one. */
    peer: string;
    goal: 'find' | 'ping' | 'trace';
    /** 1 unless said. */
    pings?: number;
  }; result: NetProbe };
  /** The node in the peer-to-peer network: addresses and who reaches them, peers, routing table, topics, budget. */
  net_status: { params: Record<string, never>; result: NetState };
  /** Name an Ethereum node of one's own for a network, or none (empty url). It is asked for its chain id and newest block first. */
  network_node_set: { params: {
    key: string;
    network_id: string;
    url: string;
  }; result: {
    chain_id: number;
    block: number;
    age_s: number;
  } };
  /** Choose the network that the page shows. */
  network_select: { params: {
    key: string;
    network_id: string;
  }; result: Network };
  /** Reachability, peers, memory, newest block, and what has left this machine. */
  network_status: { params: Record<string, never>; result: NetworkStatus };
  /** All networks that this wallet knows. */
  networks_list: { params: Record<string, never>; result: {
    networks: Network[];
  } };
  /** One operation or incoming payment in full. */
  operation_get: { params: {
    operation_id: string;
  }; result: Operation };
  /** Make an ordinary account from a new phrase of 12 or 24 words, which stays in the vault; export_begin shows it. */
  ordinary_create: { params: {
    key: string;
    name: string;
    words: number;
  }; result: Account };
  /** The next account of the same phrase (BIP-44). */
  ordinary_derive: { params: {
    key: string;
    account_id: string;
    name: string;
  }; result: Account };
  /** Bring an ordinary account into the vault: a phrase, a private key, or a key file with its password, sealed to the key process. */
  ordinary_import: { params: {
    key: string;
    name: string;
    kind: 'phrase' | 'key' | 'file';
    sealed: string;
  }; result: Account };
  /** Begin one more passkey for an account: gives what navigator.credentials.create needs. With resume, a ceremony that was begun and not finished goes on. */
  owner_add_begin: { params: {
    key: string;
    account_id: string;
    /** Where the person wants the key to live. */
    where: 'this_device' | 'phone' | 'security_key' | 'any';
    resume?: string;
  }; result: {
    ceremony: Ceremony;
    options: CreationOptions;
  } };
  /** Hand over the answer of the authenticator. The daemon verifies it and stores the owner, which stands on no chain yet: owner_prepare puts it there. */
  owner_add_finish: { params: {
    key: string;
    ceremony_id: string;
    passkey_name: string;
    response: Attestation;
  }; result: Account };
  /** The owner list of an account on every network of this wallet, as it was read last: who may sign where, what waits, and which removed keys are still valid somewhere. With network_id that network is read first. */
  owner_chains: { params: {
    account_id: string;
    /** Absent: nothing is read. */
    network_id?: string;
  }; result: OwnerChains };
  /** Take an owner that stands on no chain out of the list. */
  owner_forget: { params: {
    key: string;
    account_id: string;
    owner_id: string;
  }; result: Account };
  /** Make an operation that adds an owner on this network (at once), removes one (after the delay, and any owner may stop it), carries out what waits, or stops it. A co-signer is added after the delay too, together with a threshold that is one higher, and only where recovery_status was read within a minute and the passkey is the one guardian. Nothing is signed. */
  owner_prepare: { params: {
    key: string;
    account_id: string;
    network_id: string;
    owner_id: string;
    what: 'add' | 'remove' | 'apply' | 'veto';
    speed: Speed;
  }; result: Operation };
  /** Give an owner another name. */
  owner_rename: { params: {
    key: string;
    account_id: string;
    owner_id: string;
    name: string;
  }; result: Account };
  /** Take the answer of another owner's wallet to an operation that was given out. With the last one that lacked, the operation goes on its way. */
  partial_gather: { params: {
    key: string;
    operation_id: string;
    revision: number;
    text: string;
  }; result: Operation };
  /** Read an operation that another owner's wallet has given out, in words. state unread: call recovery_status for its account first, then again. */
  partial_open: { params: {
    text: string;
  }; result: Partial };
  /** Ask for the passkey that signs such an operation. confirmed: the person has seen what is marked as danger. */
  partial_sign_begin: { params: {
    key: string;
    account_id: string;
    text: string;
    confirmed: boolean;
  }; result: {
    options: RequestOptions;
    code: string;
  } };
  /** Hand over the assertion; the answer is a text for the wallet that gave the operation out. confirmed as before. */
  partial_sign_finish: { params: {
    key: string;
    account_id: string;
    text: string;
    confirmed: boolean;
    assertion: Assertion;
  }; result: {
    text: string;
  } };
  /** Give an operation out as text, that this wallet has signed and others must: from the first time on it waits for a day. The other wallet opens it with partial_open. */
  partial_text: { params: {
    key: string;
    operation_id: string;
    revision: number;
  }; result: {
    text: string;
    code: string;
    operation: Operation;
  } };
  /** Connected peers. */
  peers_list: { params: Record<string, never>; result: {
    peers: Peer[];
  } };
  /** Leave the check or download that is under way. What was downloaded stays for the next time. */
  plugin_cancel: { params: {
    key: string;
  }; result: Record<string, never> };
  /** Bring the repository's metadata up to date, and choose the package for this machine. Answered when it has begun. */
  plugin_check: { params: {
    key: string;
  }; result: Record<string, never> };
  /** Check, download, install and start the server, or bring it up to date. Answered when it has begun; the topic plugin tells how it goes. */
  plugin_install: { params: {
    key: string;
  }; result: Record<string, never> };
  /** Newest lines that the server wrote, oldest first. A locked wallet answers too. */
  plugin_log: { params: {
    /** Only lines with a higher seq. */
    after?: number;
  }; result: {
    lines: LogLine[];
  } };
  /** Stop the server and take it away. */
  plugin_remove: { params: {
    key: string;
    /** Keep its identity, its keys with what they have earned, and its store. */
    keep_data: boolean;
  }; result: Record<string, never> };
  /** Trust a repository by its root, or add a mirror to one that is trusted. On the Unix socket alone: a page does not decide whom this machine trusts. */
  plugin_repository_add: { params: {
    key: string;
    url: string;
    /** The file N.root.json. */
    root: string;
  }; result: Record<string, never> };
  /** How many repositories have to vouch for a package before it is installed. On the Unix socket alone: a page does not decide whom this machine trusts. */
  plugin_repository_agree: { params: {
    key: string;
    count: number;
  }; result: Record<string, never> };
  /** Trust a repository no more. What is installed stays. */
  plugin_repository_forget: { params: {
    key: string;
    /** Of plugin_state; missing: all of them. */
    id?: string;
  }; result: Record<string, never> };
  /** What the server serves and what it is allowed. Absent members stay as they are; another network, node or address restarts it. */
  plugin_settings_set: { params: {
    key: string;
    /** Id of the network that is served; "": not chosen yet. */
    network_id?: string;
    /** The Ethereum node behind it; "": not chosen yet. */
    node?: string;
    /** Where peers come in. */
    listen?: string;
    /** At a time; 0: as many as the server takes. */
    clients?: number;
    /** To and from peers together; 0: no bound. */
    kbit_s?: number;
    /** Of the day here. The server runs from this hour on until to_hour; equal: always. */
    from_hour?: number;
    to_hour?: number;
  }; result: Record<string, never> };
  /** Run the installed server, now and whenever the wallet runs. */
  plugin_start: { params: {
    key: string;
  }; result: Record<string, never> };
  /** The server on this machine. A locked wallet answers too. */
  plugin_status: { params: Record<string, never>; result: PluginState };
  /** Let the server answer what is under way, withdraw and end; it stays down. */
  plugin_stop: { params: {
    key: string;
  }; result: Record<string, never> };
  /** Address and text for a QR code. With an amount, uri is ERC-681, else the bare address. */
  receive_info: { params: {
    account_id: string;
    network_id: string;
    asset?: string;
    amount?: string;
  }; result: {
    address: string;
    uri: string;
    on_chain: boolean;
    ways_in: number;
    network: string;
  } };
  /** Make a request for help: the passkey of account_id shall own the account at address, alone. That account comes into the wallet, if it is not there. What recovery_status read less than a minute ago is what it rests on. */
  recovery_ask: { params: {
    key: string;
    address: string;
    network_id: string;
    account_id: string;
    /** Of the account in this wallet; unused if it is there. */
    name: string;
  }; result: Recovery };
  /** Drop a request of this account, and what guardians answered. */
  recovery_forget: { params: {
    key: string;
    account_id: string;
    /** That for help, or that of guardians_ask. Absent: help. */
    what?: 'help' | 'asks';
  }; result: Record<string, never> };
  /** Take a guardian's answer to a request of this account: for help (recovery_ask), or of another kind (guardians_ask). Enough answers to a practice request prove the way in. */
  recovery_gather: { params: {
    key: string;
    account_id: string;
    text: string;
  }; result: Recovery };
  /** Make an operation of payer_id that begins the recovery that was asked for, applies it when its time has come, puts off one that is under way, or freezes the account; or that takes a recovery back (cancel) or holds the account (hold) with what the guardians answered to guardians_ask. Anyone may carry these; putting off and freezing carry an owner's signature (brake_finish), but for an account that puts off by itself. Nothing is signed. */
  recovery_prepare: { params: {
    key: string;
    /** Whose guardians act. */
    account_id: string;
    network_id: string;
    /** Any account of this wallet. */
    payer_id: string;
    what: 'begin' | 'apply' | 'put_off' | 'freeze' | 'cancel' | 'hold';
    speed: Speed;
  }; result: Operation };
  /** Read from a network what an account's guardians are and do. The account may be somebody else's: then nobody's servers in particular are asked. */
  recovery_status: { params: {
    address: string;
    network_id: string;
  }; result: Recovery };
  /** Take the vault of the file that was brought, if there is none here; then it is opened as any vault is. */
  restore_begin: { params: {
    key: string;
  }; result: Record<string, never> };
  /** Take back from the file what this wallet does not have: accounts, contacts, and the settings if there was no account. The vault must be open. The numbers say what was taken. */
  restore_finish: { params: {
    key: string;
  }; result: {
    /** When the file was made. */
    made_ms: number;
    accounts: number;
    contacts: number;
  } };
  /** Approve a prepared operation with an assertion over its challenge. ticks lists the risk lines that were ticked. The signed operation is in the journal before it is sent; asking again with the same key gives the same operation. */
  send_approve: { params: {
    key: string;
    operation_id: string;
    revision: number;
    ticks: string[];
    assertion: Assertion;
  }; result: Operation };
  /** Reject an operation that is not signed yet. Works while the network does not. */
  send_cancel: { params: {
    key: string;
    operation_id: string;
  }; result: Operation };
  /** Make an operation from a transfer: calls, fee, trial, risk lines, and the challenge of the passkey. Nothing is signed. amount is in the smallest unit. */
  send_prepare: { params: {
    key: string;
    account_id: string;
    network_id: string;
    asset: string;
    to: string;
    amount: string;
    speed: Speed;
  }; result: Operation };
  /** Servers known for a network. */
  servers_list: { params: {
    network_id: string;
  }; result: {
    servers: Server[];
  } };
  /** Trade the single-use code for a session token. POST /session with the params object itself as body; the answer is the result object itself, or {"error": ...}. */
  session: { params: {
    code: string;
  }; result: {
    token: string;
    start_id: string;
  } };
  /** End this session at once; its token is worth nothing afterwards. */
  session_end: { params: {
    key: string;
  }; result: Record<string, never> };
  /** Make an operation that adds a session key (a job's own key that may act without an owner, within its terms and until a time), or ends one at once. Nothing is signed. */
  session_prepare: { params: {
    key: string;
    account_id: string;
    network_id: string;
    what: 'add' | 'end';
    /** Of end: 20 bytes. It need not be known here. */
    session_id?: string;
    /** Of add, as the rest: the address of the job's key, which it signs with. */
    job_key?: string;
    /** The receiver; with function, the contract. */
    to?: string;
    asset?: string;
    /** Smallest unit, in all; with function, of the native asset that calls may send along. */
    amount?: string;
    /** Wei in all for greatest fees, on top of amount. */
    fees?: string;
    /** A function of the contract: its selector in hex, or its name with types, such as mint(uint256). Absent: a transfer of the asset. */
    function?: string;
    /** Unix time in milliseconds, of which whole seconds count. */
    until_ms?: string;
    speed: Speed;
  }; result: Operation };
  /** Make an operation that carries out a setting that waits (guardians, a limit, a known address), or stops it. Nothing is signed. */
  setting_prepare: { params: {
    key: string;
    account_id: string;
    network_id: string;
    what: 'apply' | 'veto';
    /** Of settings of the account. */
    setting_id: string;
    speed: Speed;
  }; result: Operation };
  /** Settings of the page. */
  settings_get: { params: Record<string, never>; result: Settings };
  /** Change some settings; saved at once. */
  settings_set: { params: {
    key: string;
    changes: {
      language?: 'auto' | 'en' | 'zh-Hans';
      theme?: 'system' | 'light' | 'dark';
      density?: 'comfortable' | 'compact';
      history?: 'scroll' | 'pages';
      /** May servers be looked for in the public DHT of IPFS. */
      public_dht?: 'yes' | 'no';
      shortcuts?: boolean;
      /** 0: never. */
      lock_after_min?: number;
      hide_unknown_tokens?: boolean;
    };
  }; result: Settings };
  /** Ask for the passkey that approves an operation of an ordinary account: the key process reads the transaction, says what it read, and draws the challenge. send_approve takes the assertion. */
  sign_begin: { params: {
    key: string;
    operation_id: string;
    revision: number;
  }; result: {
    options: RequestOptions;
    reading: Reading;
    check_code: string;
  } };
  /** Prepare the same operation with a higher fee and the same nonce. */
  speed_up_prepare: { params: {
    key: string;
    operation_id: string;
  }; result: Operation };
  /** The state of the wallet in one look. Readable while locked; account_id is absent then. */
  status: { params: Record<string, never>; result: Status };
  /** Choose the topics of this WebSocket; replaces the earlier choice. Answers with a snapshot of each, then numbered events follow. */
  subscribe: { params: {
    topics: ('status' | 'accounts' | 'balances' | 'activity' | 'requests' | 'health' | 'network' | 'plugin' | 'settings' | 'log')[];
  }; result: {
    /** In the order asked. The snapshots themselves follow as events of kind snapshot, one a frame. */
    topics: {
      topic: string;
      /** Number of this snapshot; the next event of the topic carries seq + 1. */
      seq: number;
    }[];
  } };
  /** Make an operation that begins to change how many owners must sign (which waits, and any owner may stop it), carries the change out, or stops it. Nothing is signed. */
  threshold_prepare: { params: {
    key: string;
    account_id: string;
    network_id: string;
    what: 'begin' | 'apply' | 'veto';
    speed: Speed;
    /** Of begin: so many owners must sign then, 1 to 4. */
    threshold?: string;
  }; result: Operation };
  /** Native asset and tokens of the signed list for a network. */
  tokens_list: { params: {
    network_id: string;
  }; result: {
    tokens: Asset[];
  } };
  /** Begin unlocking: gives what navigator.credentials.get needs. */
  unlock_begin: { params: {
    key: string;
  }; result: {
    ceremony: Ceremony;
    options: RequestOptions;
  } };
  /** Hand over the assertion that unlocks. */
  unlock_finish: { params: {
    key: string;
    ceremony_id: string;
    assertion: Assertion;
  }; result: Record<string, never> };
  /** Make an operation that begins the account's move to version 2 of its contract on this network (which waits, and any owner may stop it), carries the move out, or stops it. Nothing is signed. */
  upgrade_prepare: { params: {
    key: string;
    account_id: string;
    network_id: string;
    what: 'begin' | 'apply' | 'veto';
    speed: Speed;
  }; result: Operation };
  /** Ask a passkey of the vault to agree to a change: another passkey, or the recovery phrase for a receiver's X25519 key. */
  vault_change_begin: { params: {
    key: string;
    what: 'passkey' | 'recovery';
    receiver?: string;
  }; result: {
    options: RequestOptions;
  } };
  /** Hand over the assertion that agrees; the change itself follows within 5 minutes. */
  vault_change_finish: { params: {
    key: string;
    assertion: Assertion;
  }; result: Record<string, never> };
  /** A public key (X25519) of the key process, for the next message that is sealed to it; docs/keyd.md. */
  vault_channel: { params: {
    key: string;
  }; result: {
    public_key: string;
  } };
  /** Hand over an assertion, and its PRF output sealed to the key process (absent: there was none). Twice: then the passkey is trusted and the vault is open. */
  vault_enrol_asserted: { params: {
    key: string;
    assertion: Assertion;
    sealed?: string;
  }; result: {
    done: boolean;
    options?: RequestOptions;
    prf_input?: string;
  } };
  /** Begin to make a passkey of the vault. The first one makes the vault; another one needs an open vault and, before, vault_change_begin and vault_change_finish. prf_input is what its PRF evaluates. */
  vault_enrol_begin: { params: {
    key: string;
    /** Where the passkey shall live. */
    where: 'any' | 'this_device' | 'security_key' | 'phone';
  }; result: {
    options: CreationOptions;
    prf_input: string;
  } };
  /** Hand over the new passkey; an assertion with PRF follows. */
  vault_enrol_created: { params: {
    key: string;
    response: Attestation;
  }; result: {
    done: boolean;
    options?: RequestOptions;
    prf_input?: string;
  } };
  /** Look for a copy of the sealed vault with servers, where there is no vault yet: gives what navigator.credentials.get needs. The passkey is then chosen from those that it shows. */
  vault_find_begin: { params: {
    key: string;
  }; result: {
    /** That will be asked. */
    servers: number;
    options: RequestOptions;
  } };
  /** Hand over the assertion that asks for the copy. What was found becomes the vault here, locked; then it is opened as any vault is, and its accounts appear. */
  vault_find_finish: { params: {
    key: string;
    assertion: Assertion;
  }; result: {
    /** That were asked. */
    servers: number;
  } };
  /** Lock the vault: its secrets leave the memory of the key process. */
  vault_lock: { params: {
    key: string;
  }; result: Record<string, never> };
  /** Make the recovery phrase of the vault, sealed to the receiver that vault_change_begin named. There is one. */
  vault_recovery: { params: {
    key: string;
    receiver: string;
  }; result: {
    sealed: string;
  } };
  /** What the key process says of the vault: its passkeys, whether it is open, and how long wrong tries make it wait. */
  vault_status: { params: Record<string, never>; result: Vault };
  /** Open the vault with the PRF output of one of its passkeys, sealed to the key process. Opens a locked wallet too. */
  vault_unlock: { params: {
    key: string;
    credential_id: string;
    sealed: string;
    user_handle?: string;
  }; result: Record<string, never> };
  /** Open the vault with its recovery phrase, sealed to the key process. */
  vault_unlock_phrase: { params: {
    key: string;
    sealed: string;
  }; result: Record<string, never> };
  /** Version, build, and the methods that this daemon offers: the page hides what is missing. */
  version: { params: Record<string, never>; result: {
    version: string;
    build: string;
    libraries: {
      name: string;
      version: string;
    }[];
    methods: string[];
  } };
  /** Watch an address without its key. */
  watch_add: { params: {
    key: string;
    name: string;
    address: string;
  }; result: Account };
}

/** Each topic: the state as a whole, and what an update holds. */
export interface Topics {
  accounts: { snapshot: {
    accounts: Account[];
  }; update: Topics['accounts']['snapshot'] };
  activity: { snapshot: {
    rows: Row[];
    total: number;
    spam_hidden: number;
  }; update: {
    row: Row;
    operation: Operation;
  } };
  balances: { snapshot: {
    items: Balances[];
  }; update: Topics['balances']['snapshot'] };
  health: { snapshot: Health; update: Topics['health']['snapshot'] };
  log: { snapshot: {
    lines: LogLine[];
  }; update: Topics['log']['snapshot'] };
  network: { snapshot: NetworkStatus; update: Topics['network']['snapshot'] };
  plugin: { snapshot: PluginState; update: Topics['plugin']['snapshot'] };
  requests: { snapshot: {
    operations: Operation[];
  }; update: Topics['requests']['snapshot'] };
  settings: { snapshot: Settings; update: Topics['settings']['snapshot'] };
  status: { snapshot: Status; update: Topics['status']['snapshot'] };
}

/** Each error and the values of its sentence. */
export interface ErrorParams {
  parse_error: Record<string, never>;
  invalid_request: Record<string, never>;
  method_not_found: { method: string; };
  invalid_params: { field: string; rule: string; };
  internal: { where: string; };
  session_missing: Record<string, never>;
  session_code_bad: Record<string, never>;
  forbidden_host: { expected: string; };
  too_large: { max: string; };
  rate_limited: { wait_ms: string; };
  locked: Record<string, never>;
  key_reused: Record<string, never>;
  unknown_account: Record<string, never>;
  unknown_network: Record<string, never>;
  unknown_operation: Record<string, never>;
  unknown_contact: Record<string, never>;
  unknown_asset: Record<string, never>;
  unknown_ceremony: Record<string, never>;
  no_account: Record<string, never>;
  name_bad: { max: string; };
  name_taken: { name: string; };
  limit_reached: { what: string; max: string; };
  address_not: Record<string, never>;
  address_length: { digits: string; };
  address_checksum: Record<string, never>;
  address_name: Record<string, never>;
  address_zero: Record<string, never>;
  amount_not: Record<string, never>;
  amount_decimals: { symbol: string; decimals: string; };
  amount_zero: Record<string, never>;
  amount_exceeds: { available: string; symbol: string; };
  fee_exceeds: { fee: string; available: string; symbol: string; };
  fee_limit: { fee: string; limit: string; symbol: string; };
  no_network: Record<string, never>;
  no_server: { network: string; tried: string; };
  server_busy: { wait_ms: string; };
  server_timeout: { seconds: string; };
  server_refused: { reason: string; };
  server_lied: { server: string; };
  chain_doubtful: Record<string, never>;
  stale_data: { seconds: string; };
  wrong_chain: { expected: string; got: string; };
  contracts_missing: { network: string; };
  would_fail: { reason: string; };
  operation_expired: Record<string, never>;
  operation_changed: Record<string, never>;
  operation_state: { state: string; };
  risk_unticked: Record<string, never>;
  risk_blocked: { risk: string; };
  operation_open: Record<string, never>;
  not_replaceable: Record<string, never>;
  dropped: Record<string, never>;
  reverted: { reason: string; fee: string; symbol: string; };
  ceremony_expired: Record<string, never>;
  ceremony_wrong_key: { account: string; names: string; };
  ceremony_already: Record<string, never>;
  ceremony_unverified: Record<string, never>;
  ceremony_refused: { rule: string; };
  ceremony_origin: { expected: string; got: string; };
  faucet_absent: Record<string, never>;
  faucet_failed: { reason: string; };
  faucet_wait: { seconds: string; };
  keys_down: Record<string, never>;
  storage_full: Record<string, never>;
  storage_failed: Record<string, never>;
  shutting_down: Record<string, never>;
  plugin_unavailable: Record<string, never>;
  plugin_busy: Record<string, never>;
  plugin_refused: { reason: string; };
  vault_none: Record<string, never>;
  vault_locked: Record<string, never>;
  vault_over: Record<string, never>;
  vault_wrong: Record<string, never>;
  backup_none: Record<string, never>;
  backup_broken: Record<string, never>;
  backup_other_vault: Record<string, never>;
  copies_none: Record<string, never>;
  copies_not_found: Record<string, never>;
  copies_silent: Record<string, never>;
  vault_exists: Record<string, never>;
  vault_wait: { seconds: string; };
  vault_channel: Record<string, never>;
  vault_not_agreed: Record<string, never>;
  vault_create_value: Record<string, never>;
  vault_prf_missing: Record<string, never>;
  vault_prf_changed: Record<string, never>;
  vault_full: Record<string, never>;
  vault_seal_failed: Record<string, never>;
  vault_has_phrase: Record<string, never>;
  secret_phrase: Record<string, never>;
  secret_key: Record<string, never>;
  secret_file: Record<string, never>;
  secret_password: Record<string, never>;
  account_known: { name: string; };
  account_kind: Record<string, never>;
  account_watched: Record<string, never>;
  message_bad: Record<string, never>;
  unknown_owner: Record<string, never>;
  owner_state: { state: string; };
  owner_leaving: Record<string, never>;
  owner_not_leaving: Record<string, never>;
  owner_last: Record<string, never>;
  owner_waits: { hours: string; };
  owner_in_use: Record<string, never>;
  owners_unread: Record<string, never>;
  upgrade_state: { state: string; };
  threshold_state: { state: string; };
  already_signed: { name: string; };
  upgrade_waits: { hours: string; };
  unknown_setting: Record<string, never>;
  setting_state: { state: string; };
  period_bad: Record<string, never>;
  session_bad: { field: string; };
  setting_waits: { hours: string; };
  recovery_unread: Record<string, never>;
  recovery_state: { state: string; };
  recovery_waits: { hours: string; };
  help_bad: Record<string, never>;
  help_other: Record<string, never>;
  help_stranger: Record<string, never>;
  help_signature: Record<string, never>;
  help_again: Record<string, never>;
  help_unconfirmed: Record<string, never>;
  partial_bad: Record<string, never>;
  partial_state: { state: string; };
  partial_fee: Record<string, never>;
  partial_stranger: Record<string, never>;
  cosigner_state: { state: string; };
  cosigner_limits: Record<string, never>;
  cosigner_refused: { reason: string; };
  cosigner_silent: Record<string, never>;
  cosigner_lied: Record<string, never>;
  carry_state: { state: string; };
  unknown_change: Record<string, never>;
}

export interface WhyParams {
  merkle_proof: Record<string, never>;
  merkle_proof_trusted_block: Record<string, never>;
  complete_logs: Record<string, never>;
  inclusion_only: Record<string, never>;
  quorum: Record<string, never>;
  header_source: Record<string, never>;
  majority: Record<string, never>;
  middle: Record<string, never>;
  servers_disagree: Record<string, never>;
  one_server: Record<string, never>;
  own_node: Record<string, never>;
  local_network: Record<string, never>;
  token_list: Record<string, never>;
  this_wallet: Record<string, never>;
}

export interface RiskParams {
  look_alike: { name: string; address: string; groups: string; };
  look_alike_end: { name: string; address: string; groups: string; };
  token_contract: { symbol: string; };
  contract: Record<string, never>;
  first_time: Record<string, never>;
  own_account: { name: string; };
  same_account: Record<string, never>;
  no_checksum: Record<string, never>;
  fee_share: { percent: string; };
  fee_reported: Record<string, never>;
  figures_reported: Record<string, never>;
  account_created: Record<string, never>;
  one_way_in: Record<string, never>;
  not_tried: Record<string, never>;
  would_fail: { reason: string; };
  network_doubtful: Record<string, never>;
  figures_stale: { seconds: string; };
  watch_only: Record<string, never>;
  unlisted_token: { symbol: string; };
  unreadable: Record<string, never>;
  unlimited_permission: { who: string; symbol: string; };
  replaces: { what: string; };
  owner_added: { name: string; };
  cosigner_begun: { name: string; number: string; days: string; };
  cosigner_applied: { name: string; number: string; };
  cosigner_stopped: { name: string; };
  owner_removed: { name: string; days: string; };
  owner_one_left: { name: string; };
  owner_leaves_now: { name: string; };
  owner_stays: { name: string; };
  threshold_begun: { number: string; owners: string; days: string; };
  threshold_applied: { number: string; owners: string; };
  threshold_stays: Record<string, never>;
  upgrade_begun: { days: string; };
  upgrade_applied: Record<string, never>;
  upgrade_stopped: Record<string, never>;
  guardians_begun: { number: string; threshold: string; days: string; };
  guardians_applied: { number: string; threshold: string; };
  guardians_stay: Record<string, never>;
  limit_begun: { limit: string; hours: string; days: string; };
  limit_applied: { limit: string; hours: string; };
  limit_stays: Record<string, never>;
  known_begun: { address: string; name: string; days: string; };
  known_applied: { address: string; name: string; };
  known_stays: Record<string, never>;
  limit_lowered: { limit: string; hours: string; };
  known_forgotten: { address: string; name: string; };
  limit_within: { limit: string; };
  limit_known: Record<string, never>;
  limit_alone: Record<string, never>;
  limit_over: { limit: string; signers: string; };
  limit_fees: { limit: string; signers: string; };
  limit_no_ether: { signers: string; };
  session_key: { address: string; until_ms: string; };
  session_sends: { limit: string; address: string; name: string; };
  session_pays: { limit: string; address: string; name: string; };
  session_calls: { function: string; address: string; name: string; };
  session_fees: { limit: string; };
  session_ended: { session: string; key: string; };
  recovery_begun: { name: string; days: string; };
  recovery_applied: { name: string; };
  recovery_put_off: { days: string; };
  recovery_put_off_last: { days: string; };
  recovery_frozen: { days: string; };
  carry_adds: { name: string; owner: string; };
  carry_removes: { days: string; name: string; owner: string; };
  carry_threshold: { number: string; days: string; name: string; };
  carry_vetoed: { name: string; };
  recovery_cancelled: { name: string; };
  recovery_held: { name: string; days: string; };
}

export interface NextParams {
  passkey_then_servers: { servers: string; wait_s: string; };
  passkey_then_others: { left: string; };
  passkey_then_none: Record<string, never>;
  wait: { wait_s: string; };
  done: Record<string, never>;
  retry: Record<string, never>;
}

export interface UndoParams {
  not_once_included: Record<string, never>;
  until_applied: Record<string, never>;
  until_ended: Record<string, never>;
  can_cancel: Record<string, never>;
  nothing_happened: Record<string, never>;
  not_ours: Record<string, never>;
}

export interface ReasonParams {
  person: Record<string, never>;
  late: Record<string, never>;
  replacement_won: Record<string, never>;
}

export interface ReachParams {
  not_listening: Record<string, never>;
  no_address: Record<string, never>;
  nobody_to_ask: Record<string, never>;
  asking: Record<string, never>;
  dialled: Record<string, never>;
  dialled_mapped: Record<string, never>;
  same_port: Record<string, never>;
  ports_differ: Record<string, never>;
  no_dial: Record<string, never>;
}

export interface SentParams {
  chain_question: Record<string, never>;
  user_operation: Record<string, never>;
  peer_search: Record<string, never>;
  identify: Record<string, never>;
}

export interface SentToParams {
  servers: Record<string, never>;
  peers: Record<string, never>;
  local_network: Record<string, never>;
  own_node: Record<string, never>;
}

export interface RefusalParams {
  memory: Record<string, never>;
  connections: Record<string, never>;
  per_peer_limit: Record<string, never>;
  per_group_limit: Record<string, never>;
  streams: Record<string, never>;
  rate: Record<string, never>;
  protocol: Record<string, never>;
  blocked: Record<string, never>;
}

export interface EvidenceParams {
  evidence_unasked: Record<string, never>;
  evidence_none: Record<string, never>;
  evidence_broken: Record<string, never>;
  evidence_refused: { kind: string; step: string; };
  evidence_accepted: { kind: string; };
}

export interface HealthParams {
  one_way_in: Record<string, never>;
  vault_one_way: Record<string, never>;
  none_to_spare: Record<string, never>;
  backup_due: { servers: string; };
  vault_unproven: { count: string; };
  guardians_unproven: { threshold: string; };
  never_tested: { name: string; };
  test_due: { name: string; };
  test_key: Record<string, never>;
  revoked_elsewhere: { count: string; };
}

export interface ActionParams {
  reload: Record<string, never>;
  try_again: Record<string, never>;
  wait: Record<string, never>;
  fix_input: Record<string, never>;
  open_again: Record<string, never>;
  unlock: Record<string, never>;
  make_wallet: Record<string, never>;
  make_vault: Record<string, never>;
  unlock_vault: Record<string, never>;
  other_key: Record<string, never>;
  open_network: Record<string, never>;
  prepare_again: Record<string, never>;
  review: Record<string, never>;
  reject: Record<string, never>;
  send_again: Record<string, never>;
  get_funds: Record<string, never>;
  remove_one: Record<string, never>;
  save_report: Record<string, never>;
  free_space: Record<string, never>;
}

export interface HardwareParams {
  device_not_in_container: Record<string, never>;
  device_refused: Record<string, never>;
  sgx_none: Record<string, never>;
  sgx_firmware_off: Record<string, never>;
  sgx_no_launch_control: Record<string, never>;
  sgx_ok: Record<string, never>;
  sgx_no_device: Record<string, never>;
  tdx_guest_none: Record<string, never>;
  tdx_guest_ok: Record<string, never>;
  tdx_guest_no_device: Record<string, never>;
  tdx_host_none: Record<string, never>;
  tdx_host_off: Record<string, never>;
  tdx_host_ok: Record<string, never>;
  tdx_host_no_device: Record<string, never>;
  snp_guest_unsure: Record<string, never>;
  snp_guest_none: Record<string, never>;
  snp_guest_ok: Record<string, never>;
  snp_guest_no_device: Record<string, never>;
  snp_host_none: Record<string, never>;
  snp_host_no_chip: Record<string, never>;
  snp_host_off: Record<string, never>;
  snp_host_ok: Record<string, never>;
  snp_host_no_device: Record<string, never>;
  paravisor_none: Record<string, never>;
  paravisor_ok: Record<string, never>;
  paravisor_no_tpm: Record<string, never>;
  nitro_none: Record<string, never>;
  nitro_guest_ok: Record<string, never>;
  nitro_host_ok: Record<string, never>;
  cca_none: Record<string, never>;
  cca_ok: Record<string, never>;
  cca_no_tokens: Record<string, never>;
  optee_none: Record<string, never>;
  optee_ok: Record<string, never>;
  tpm_none: Record<string, never>;
  tpm_ok: Record<string, never>;
  tpm_no_device: Record<string, never>;
  pass_device: Record<string, never>;
  sgx_ask_host: Record<string, never>;
  sgx_switch_on: Record<string, never>;
  sgx_kernel: Record<string, never>;
  sgx_allow: Record<string, never>;
  report_as_other: Record<string, never>;
  tdx_guest_kernel: Record<string, never>;
  tdx_switch_on: Record<string, never>;
  kvm_load: Record<string, never>;
  kvm_allow: Record<string, never>;
  snp_guest_kernel: Record<string, never>;
  snp_guest_load: Record<string, never>;
  snp_switch_on_epyc: Record<string, never>;
  snp_switch_on: Record<string, never>;
  snp_host_load: Record<string, never>;
  snp_host_allow: Record<string, never>;
  tpm_load_virtual: Record<string, never>;
  tpm_allow: Record<string, never>;
  nitro_allow: Record<string, never>;
  cca_load: Record<string, never>;
  optee_allow: Record<string, never>;
  tpm_switch_on: Record<string, never>;
  tpm_load: Record<string, never>;
  memory_too_small: Record<string, never>;
  serves_few: Record<string, never>;
  keeps_little: Record<string, never>;
  enough: Record<string, never>;
  disk_too_small: Record<string, never>;
  key_bound: Record<string, never>;
  passphrase_only: Record<string, never>;
  no_closed_memory: Record<string, never>;
  enclave_small: Record<string, never>;
  guest_too_small: Record<string, never>;
  needs_release: Record<string, never>;
}

export interface PluginParams {
  need_platform: { need: string; has: string; };
  need_client: { need: string; has: string; };
  need_newer_package: { need: string; has: string; };
  need_cores: { need: string; has: string; };
  need_memory: { need: string; has: string; };
  need_disk: { need: string; has: string; };
  need_tpm: { need: string; has: string; };
  need_tee: { need: string; has: string; };
  need_reachable: { need: string; has: string; };
  repository_none: Record<string, never>;
  repository_unreachable: { step: string; };
  repository_forged: { step: string; };
  repository_rollback: { step: string; };
  repository_freeze: { step: string; };
  repository_mix: { step: string; };
  repository_endless: { step: string; };
  repository_other: Record<string, never>;
  repository_few: Record<string, never>;
  repository_disagree: Record<string, never>;
  repository_address: Record<string, never>;
  repository_many: Record<string, never>;
  repository_file: Record<string, never>;
  clock_wrong: { step: string; };
  package_none: Record<string, never>;
  package_malformed: Record<string, never>;
  package_unsuitable: Record<string, never>;
  install_wrong_bytes: Record<string, never>;
  install_failed_before: Record<string, never>;
  install_unreachable: Record<string, never>;
  install_cancelled: Record<string, never>;
  install_disk: Record<string, never>;
  store_broken: Record<string, never>;
  files_changed: Record<string, never>;
  nothing_installed: Record<string, never>;
  settings_missing: Record<string, never>;
  settings_wrong: Record<string, never>;
  sandbox_missing: Record<string, never>;
  plugin_idle: Record<string, never>;
  plugin_told: { number: string; };
  plugin_broke_rules: { number: string; };
  plugin_other_abi: { number: string; };
  plugin_foreign: { number: string; };
  plugin_not_ready: { number: string; };
  plugin_hung: { number: string; };
  plugin_no_end: { number: string; };
  plugin_wrong_config: { number: string; };
  plugin_exited: { number: string; };
  plugin_signalled: { number: string; };
  plugin_no_start: Record<string, never>;
  plugin_went_back: { number: string; version: string; };
}
