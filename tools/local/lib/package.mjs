// What passmesh-repo is told of the files of a package: modes, chunk hashes, and what the package is.
import { createHash } from 'node:crypto';

const CHUNK = 65536;
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');

export function chunks(bytes) {
  const all = [];
  for (let at = 0; at < bytes.length; at += CHUNK) {
    all.push(hash(bytes.subarray(at, at + CHUNK)));
  }
  return all;
}

export function platform() {
  return `${{ x64: 'x86_64', arm64: 'aarch64' }[process.arch] ?? 'other'}-linux`;
}

/** The targets of a package of files {name: bytes}, the first of which is the entry: [{name, bytes, custom}]. */
export function packageTargets(files, { version = '1.0.0', needs = {}, on = platform(), notes = '', abi = 1, name: kind = 'server', clientMin = '0.1.0' } = {}) {
  const names = Object.keys(files);
  return names.map((name) => {
    const custom = { mode: '0755', chunks: chunks(files[name]) };
    if (name === names[0]) {
      custom.package = { name: kind, version, platform: on, abi, client_min: clientMin, entry: name, files: names, needs, notes };
    }
    return { name: `${kind === 'server' ? 'plugin' : kind}/${version}/${on}/${name}`, bytes: files[name], custom };
  });
}
