// A wallet without a browser: the daemon, its local API, and a passkey in a few lines.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SoftPasskey } from './authenticator.mjs';
import { LocalApi, newKey } from './local_api.mjs';
import { networkFile, startDaemon } from './network.mjs';
import { freePort } from './port.mjs';

/**
 * Starts one in a home of its own below dir. name: of home, log and network file; network: what networkFile takes; config: further lines
 * of passmesh.ini. After down(), up() starts it again, with other lines if they are given.
 */
export async function startWallet({ dir, name = 'wallet', network, config = '' }) {
  const [home, file, port] = [join(dir, name), join(dir, `${name}-network.ini`), await freePort()];
  writeFileSync(file, networkFile(network));
  const it = {};
  it.up = async (lines = config) => {
    it.daemon = await startDaemon({ dir, home, file, port, config: lines, log: `${name}.log` });
    it.api = new LocalApi(it.daemon.socket);
  };
  it.down = async () => {
    it.api.close();
    await it.daemon.stop();
  };
  it.createAccount = async () => {
    it.passkey = new SoftPasskey(it.daemon.origin);
    const { ceremony, options } = await it.api.call('account_create_begin', { key: newKey(), name: 'Main', where: 'any' });
    it.account = await it.api.call('account_create_finish', { key: newKey(), ceremony_id: ceremony.id, passkey_name: 'Soft', response: it.passkey.register(options) });
  };
  it.balances = async () => (await it.api.call('balances_get', { account_id: it.account.id, network_id: 'local' })).items;
  it.chain = async () => (await it.api.call('status')).chain;
  await it.up();
  return it;
}
