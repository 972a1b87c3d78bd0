// Packages for passmesh-repo: custom fields with modes and chunk hashes.
import { createHash } from 'node:crypto';

const CHUNK = 65536;
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');

export function chunks(bytes) {
  const all = [];
  for (let at = 0; at < bytes.length; at += CHUNK) all.push(hash(bytes.subarray(at, at + CHUNK)));
  return all;
}

export function platform() {
  return `${{ x64: 'x86_64', arm64: 'aarch64' }[process.arch] ?? 'other'}-linux`;
}

// Adds a package of files {name: bytes}; the first one is the entry.
export async function addPackage(made, files, { version = '1.0.0', needs = {}, on = platform(), notes = '', abi = 1, clientMin = '0.1.0' } = {}) {
  const folder = `plugin/${version}/${on}`;
  const names = Object.keys(files);
  for (const name of names) {
    const custom = { mode: '0755', chunks: chunks(files[name]) };
    if (name === names[0]) {
      custom.package = { name: 'server', version, platform: on, abi, client_min: clientMin, entry: name, files: names, needs, notes };
    }
    await made.add(`${folder}/${name}`, files[name], custom);
  }
  return folder;
}
