// Compiles the contracts with the pinned compiler. The settings are part of the accounts' addresses: any change to them,
// to a source or to a dependency's version changes deployments.json, and a test says so.
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export const settings = {
  viaIR: true,
  optimizer: { enabled: true, runs: 200 },
  evmVersion: 'cancun',
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  debug: { revertStrings: 'default' },
  outputSelection: {
    '*': { '': ['ast'], '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object', 'evm.deployedBytecode.immutableReferences', 'storageLayout'] },
  },
};

function sources() {
  const found = {};
  for (const folder of ['src', 'test']) {
    for (const name of readdirSync(join(root, folder)).sort()) {
      if (name.endsWith('.sol')) {
        found[`${folder}/${name}`] = { content: readFileSync(join(root, folder, name), 'utf8') };
      }
    }
  }
  return found;
}

/** Returns { name: { abi, bytecode, runtime, storage } } for every contract under src/ and test/; throws on any error or warning. */
export function compile() {
  const solc = require('solc');
  const input = { language: 'Solidity', sources: sources(), settings };
  const read = (path) => {
    try {
      return { contents: readFileSync(join(root, 'node_modules', path), 'utf8') };
    } catch (e) {
      return { error: String(e) };
    }
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: read }));
  const ours = (output.errors ?? []).filter((e) => e.severity === 'error' || !e.sourceLocation?.file.startsWith('@'));
  if (ours.length > 0) {
    throw new Error(ours.map((e) => e.formattedMessage).join('\n'));
  }
  const contracts = {};
  for (const path of Object.keys(input.sources)) {
    for (const [name, c] of Object.entries(output.contracts[path] ?? {})) {
      contracts[name] = {
        abi: c.abi,
        bytecode: `0x${c.evm.bytecode.object}`,
        runtime: `0x${c.evm.deployedBytecode.object}`,
        immutables: c.evm.deployedBytecode.immutableReferences ?? {},
        storage: c.storageLayout,
      };
    }
  }
  const immutableNames = {};
  for (const { ast } of Object.values(output.sources)) {
    for (const node of ast.nodes.flatMap((n) => n.nodes ?? [])) {
      if (node.nodeType === 'VariableDeclaration' && node.mutability === 'immutable') {
        immutableNames[node.id] = node.name;
      }
    }
  }
  return { compiler: solc.version(), contracts, immutableNames };
}
