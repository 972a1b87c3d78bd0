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

function read(path) {
  try {
    return { contents: readFileSync(join(root, 'node_modules', path), 'utf8') };
  } catch (e) {
    return { error: String(e) };
  }
}

/** The contracts named, { name: { bytecode } }, with one source file changed by edit; warnings are let pass. */
export function compileWith(path, edit, names) {
  const solc = require('solc');
  const all = sources();
  all[path] = { content: edit(all[path].content) };
  const outputSelection = Object.fromEntries(names.map((n) => [`src/${n}.sol`, { [n]: ['evm.bytecode.object'] }]));
  const output = JSON.parse(solc.compile(JSON.stringify({ language: 'Solidity', sources: all, settings: { ...settings, outputSelection } }), { import: read }));
  const errors = (output.errors ?? []).filter((e) => e.severity === 'error');
  if (errors.length > 0) {
    throw new Error(errors.map((e) => e.formattedMessage).join('\n'));
  }
  return Object.fromEntries(names.map((n) => [n, { bytecode: `0x${output.contracts[`src/${n}.sol`][n].evm.bytecode.object}` }]));
}

/** Returns { name: { abi, bytecode, runtime, storage } } for every contract under src/ and test/; throws on any error or warning. */
export function compile() {
  const solc = require('solc');
  const input = { language: 'Solidity', sources: sources(), settings };
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
