// The part of a beacon node's REST interface that light clients need, in SSZ. Lodestar of this version gives it as JSON alone; what
// beacon nodes do today is done here with its own types.
import { createServer } from 'node:http';

// Before the types are read; Lodestar itself, which this process starts, inherits it.
process.env.LODESTAR_PRESET = 'minimal';
const { ssz } = await import('@lodestar/types');

const PATH = '/eth/v1/beacon/light_client/';
const TYPES = { bootstrap: 'LightClientBootstrap', updates: 'LightClientUpdate', finality_update: 'LightClientFinalityUpdate', optimistic_update: 'LightClientOptimisticUpdate' };

const bytesOf = (hex) => Buffer.from(hex.slice(2), 'hex');

function encode({ version, data }, kind) {
  const type = ssz.allForksLightClient[version][TYPES[kind]];
  return Buffer.from(type.serialize(type.fromJson(data)));
}

/** SPEC beacon-APIs "getLightClientUpdatesByRange": length and fork digest stand before each. */
function framed(update, digest) {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(digest.length + update.length));
  return Buffer.concat([length, digest, update]);
}

/** rest: Lodestar's URL; versionOf(fork): its version in hex. Gives the url and stop. */
export async function startInSsz({ rest, genesisValidatorsRoot, versionOf }) {
  const digestOf = (fork) => {
    const data = { currentVersion: bytesOf(versionOf(fork)), genesisValidatorsRoot: bytesOf(genesisValidatorsRoot) };
    return Buffer.from(ssz.phase0.ForkData.hashTreeRoot(data).slice(0, 4));
  };
  const serve = async (request, response) => {
    const kind = request.url.startsWith(PATH) ? request.url.slice(PATH.length).split(/[/?]/)[0] : '';
    const answer = await fetch(rest + request.url);
    if (!answer.ok || !TYPES[kind]) {
      response.writeHead(404).end(await answer.text());
      return;
    }
    const said = await answer.json();
    const all = kind === 'updates' ? said : [said];
    const version = all[0]?.version;
    const body = kind === 'updates' ? Buffer.concat(all.map((u) => framed(encode(u, kind), digestOf(u.version)))) : encode(said, kind);
    response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Eth-Consensus-Version': version ?? '' }).end(body);
  };
  const server = createServer((request, response) => serve(request, response).catch((e) => response.writeHead(500).end(String(e))));
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
