// Packages for passmesh-repo.
import { packageTargets } from '../../tools/local/lib/package.mjs';

export { chunks, platform } from '../../tools/local/lib/package.mjs';

// Adds a package of files {name: bytes}; the first one is the entry.
export async function addPackage(made, files, options) {
  for (const { name, bytes, custom } of packageTargets(files, options)) await made.add(name, bytes, custom);
}
