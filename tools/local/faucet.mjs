// usage: node faucet.mjs --rpc URL [--token ADDRESS] [--port N]
// Test money of a local network, for the daemon that this network's file tells of it: POST {"to": ADDRESS} with a JSON body
// gives {"amount": WEI, "tx_hash": HASH}, or {"error": WORDS, "wait_s": SECONDS}. It pays from an account that the node
// signs for. No shipped program knows it. Prints one JSON line {"url"} when it listens.
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { createClient, encodeFunctionData, getAddress, http, isAddress, parseAbi, parseEther, toHex } from 'viem';

const ETHER = parseEther('10');
const TOKENS = parseEther('1000');
const WAIT_S = 10; /* between two payments to one address */
const BODY_LEN_MAX = 1024;
const RECEIPT_S = 8;

const { values: args } = parseArgs({ options: { rpc: { type: 'string' }, token: { type: 'string' }, port: { type: 'string', default: '0' } } });
if (!args.rpc) {
  console.error('usage: node faucet.mjs --rpc URL [--token ADDRESS] [--port N]');
  process.exit(2);
}
const { request } = createClient({ transport: http(args.rpc, { retryCount: 0 }) });
const paidAt = new Map();

class Refusal extends Error {
  constructor(status, message, wait_s) {
    super(message);
    Object.assign(this, { status, wait_s });
  }
}

async function pay(to) {
  const [, from] = await request({ method: 'eth_accounts' });
  if (args.token) {
    const data = encodeFunctionData({ abi: parseAbi(['function mint(address to, uint256 amount)']), args: [to, TOKENS] });
    await request({ method: 'eth_sendTransaction', params: [{ from, to: args.token, data }] });
  }
  const hash = await request({ method: 'eth_sendTransaction', params: [{ from, to, value: toHex(ETHER) }] });
  for (let i = 0; i < RECEIPT_S * 10; i++) {
    const receipt = await request({ method: 'eth_getTransactionReceipt', params: [hash] });
    if (receipt) {
      if (receipt.status !== '0x1') {
        throw new Refusal(502, 'The payment was refused by the network.');
      }
      return { amount: ETHER.toString(), tx_hash: hash };
    }
    await new Promise((r) => setTimeout(r, 100));
  }
  throw new Refusal(504, 'The network includes nothing at the moment.');
}

async function readBody(request_) {
  let text = '';
  for await (const chunk of request_.setEncoding('utf8')) {
    text += chunk;
    if (text.length > BODY_LEN_MAX) {
      throw new Refusal(413, 'The body is too long.');
    }
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 'The body is no JSON.');
  }
}

async function answer(request_) {
  const { port } = server.address();
  if (![`127.0.0.1:${port}`, `localhost:${port}`].includes(request_.headers.host) || request_.headers.origin) {
    throw new Refusal(403, 'Only programs of this machine are served.');
  }
  if (request_.method !== 'POST' || request_.headers['content-type']?.split(';')[0].trim() !== 'application/json') {
    throw new Refusal(415, 'Send POST with application/json.');
  }
  const { to } = await readBody(request_);
  if (typeof to !== 'string' || !isAddress(to)) {
    throw new Refusal(400, '"to" is no address.');
  }
  const address = getAddress(to);
  const wait = Math.ceil(((paidAt.get(address) ?? -Infinity) + WAIT_S * 1000 - Date.now()) / 1000);
  if (wait > 0) {
    throw new Refusal(429, 'This address got test money a moment ago.', wait);
  }
  paidAt.set(address, Date.now());
  try {
    return await pay(address);
  } catch (e) {
    paidAt.delete(address);
    throw e;
  }
}

const server = createServer(async (request_, response) => {
  let status = 200;
  let body;
  try {
    body = await answer(request_);
    console.error(`paid ${body.amount} wei in ${body.tx_hash}`);
  } catch (e) {
    status = e.status ?? 502;
    body = { error: e.status ? e.message : 'The network cannot be asked.', wait_s: e.wait_s ?? 0 };
    console.error(`refused: ${e.message}`);
  }
  response.writeHead(status, { 'Content-Type': 'application/json', Connection: 'close' });
  response.end(JSON.stringify(body));
});
server.headersTimeout = 5000;
server.requestTimeout = 5000;
server.listen(Number(args.port), '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}/` }));
});
process.on('SIGTERM', () => process.exit(0));
