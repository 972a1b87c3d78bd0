// Reads a struct-logger trace of one validation frame and names what ERC-7562 forbids an unstaked factory or account.
// SPEC ercs/ERC-7562 §"Opcode Rules": and the storage rules beside them.

const BANNED = new Set([
  'ORIGIN', 'GASPRICE', 'BLOCKHASH', 'COINBASE', 'TIMESTAMP', 'NUMBER', 'PREVRANDAO', 'DIFFICULTY', 'RANDOM', 'GASLIMIT', 'BASEFEE', 'BLOBHASH',
  'BLOBBASEFEE', 'CREATE', 'INVALID', 'SELFDESTRUCT', // OP-011
  'BALANCE', 'SELFBALANCE', // OP-080
]);
const CALLS = new Set(['CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL']);
const STORAGE = new Set(['SLOAD', 'SSTORE', 'TLOAD', 'TSTORE']);
const P256VERIFY = 0x100n;

const isPrecompile = (n) => (n >= 1n && n <= 0x11n) || n === P256VERIFY;
const toAddress = (word) => `0x${(BigInt(word) & ((1n << 160n) - 1n)).toString(16).padStart(40, '0')}`;

/**
 * logs: structLogs with stacks. root: the address that was called. sender: the account. entryPoint. creating: the frame is the
 * factory's. hasCode(address): whether it has code, after the operation; p256: whether the chain has P256VERIFY.
 * Returns a list of texts, empty if all is well.
 */
export async function violations({ logs, root, sender, entryPoint, creating, hasCode, p256 = true }) {
  const found = [];
  const frames = [{ storage: root.toLowerCase() }];
  const own = sender.toLowerCase();
  let created = 0;
  const say = (log, text) => found.push(`pc ${log.pc} depth ${log.depth}: ${text}`);

  const target = async (log, address, callee) => {
    const n = BigInt(address);
    if (isPrecompile(n)) {
      if (n === P256VERIFY && !p256) {
        say(log, 'OP-062: calls P256VERIFY on a chain without it');
      }
    } else if (address !== own && !(await hasCode(address))) {
      say(log, `OP-041: ${callee} of ${address}, which has no code`);
    }
  };

  for (const [i, log] of logs.entries()) {
    const { op } = log;
    const next = logs[i + 1];
    if (frames.at(-1).storage === entryPoint.toLowerCase()) {
      // The rules bind what the EntryPoint calls, not the EntryPoint.
      if (next && next.depth < log.depth) {
        frames.length -= log.depth - next.depth;
      }
      continue;
    }
    const stack = log.stack ?? [];
    const top = (k) => stack[stack.length - 1 - k];
    if (log.error && /out of gas/i.test(log.error)) {
      say(log, 'OP-020: out of gas');
    }
    if (BANNED.has(op)) {
      say(log, `OP-011/OP-080: ${op}`);
    }
    if (op === 'GAS' && !CALLS.has(next?.op)) {
      say(log, `OP-012: GAS before ${next?.op}`);
    }
    if (op === 'CREATE2') {
      created += 1;
      if (!creating || created > 1) {
        say(log, 'OP-031: CREATE2 beyond the account itself');
      }
    }
    if (op.startsWith('EXTCODE')) {
      await target(log, toAddress(top(0)), op);
    }
    if (STORAGE.has(op) && frames.at(-1).storage !== own) {
      say(log, `STO: ${op} in ${frames.at(-1).storage}`);
    }
    let inner = null;
    if (CALLS.has(op)) {
      const to = toAddress(top(1));
      const value = op === 'CALL' ? BigInt(top(2)) : 0n;
      if (to === entryPoint.toLowerCase()) {
        const size = BigInt(top(op === 'CALL' ? 4 : 3));
        if (op !== 'CALL' || size !== 0n || frames.at(-1).storage !== own) {
          say(log, 'OP-054: calls the EntryPoint for more than its deposit');
        }
      } else {
        await target(log, to, op);
        if (value !== 0n) {
          say(log, 'OP-061: sends value');
        }
      }
      inner = { storage: op === 'DELEGATECALL' || op === 'CALLCODE' ? frames.at(-1).storage : to };
    } else if (op === 'CREATE2' || op === 'CREATE') {
      inner = { storage: own };
    }
    if (next && next.depth > log.depth) {
      frames.push(inner);
    } else if (next && next.depth < log.depth) {
      frames.length -= log.depth - next.depth;
    }
  }
  return found;
}
