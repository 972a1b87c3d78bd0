/* Checks values against the schemas of api/: the same rules as the daemon's checker. For tests. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const API = join(dirname(fileURLToPath(import.meta.url)), '../../api');
const load = (path) => JSON.parse(readFileSync(join(API, path), 'utf8'));
const folder = (name) => Object.fromEntries(readdirSync(join(API, name)).filter((f) => f.endsWith('.json')).sort().map((f) => [f.slice(0, -5), load(`${name}/${f}`)]));

const { formats, types } = load('types.json');
export const methods = folder('methods');
export const topics = folder('topics');
export const errors = load('errors.json').errors;
export const codes = load('codes.json').codes;

function fits(node, value) {
  const format = formats[node.format];
  const size = Buffer.byteLength(value);
  if (size < format.minLength || size > (node.maxLength ?? format.maxLength)) {
    return false;
  }
  if (format.text) {
    // eslint-disable-next-line no-control-regex
    return !/[\u0000-\u001f\u007f]/.test(value);
  }
  const prefix = format.prefix ?? '';
  if (!value.startsWith(prefix) || !new RegExp(`^[${format.chars}]*$`).test(value.slice(prefix.length))) {
    return false;
  }
  return !(format.rule === 'even' && value.length % 2 === 1) && !(format.rule === 'no_leading_zero' && value.length > 1 && value[0] === '0');
}

/** Throws unless value is what node allows. */
export function check(node, value, where) {
  const bad = (why) => {
    throw new Error(`${where}: ${why}`);
  };
  while (node.$ref) {
    node = types[node.$ref];
  }
  if (node.enum) {
    return node.enum.includes(value) || bad(`${value} is not one of the words`);
  }
  if (node.type === 'object') {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      bad('not an object');
    }
    if (node.values) {
      return Object.keys(value).length <= node.maxItems || bad('too many'), Object.values(value).forEach((v) => check(node.values, v, `${where}[]`));
    }
    node.required.forEach((key) => key in value || bad(`${key} is missing`));
    return Object.entries(value).forEach(([key, v]) => check(node.properties[key] ?? bad(`${key} is unknown`), v, `${where}.${key}`));
  }
  if (node.type === 'array') {
    if (!Array.isArray(value) || value.length > node.maxItems) {
      bad('not an array, or too long');
    }
    return value.forEach((v, i) => check(node.items, v, `${where}[${i}]`));
  }
  if (node.type === 'integer') {
    return (Number.isInteger(value) && value >= node.minimum && value <= node.maximum) || bad(`${value} is no integer in bounds`);
  }
  if (node.type === 'boolean') {
    return typeof value === 'boolean' || bad('not a boolean');
  }
  return (typeof value === 'string' && fits(node, value)) || bad(`${JSON.stringify(value)} is not ${node.format}`);
}

export function checkError(code, params, where) {
  if (!errors[code]) {
    throw new Error(`${where}: unknown error ${code}`);
  }
  const wanted = Object.keys(errors[code].params).sort().join();
  if (Object.keys(params).sort().join() !== wanted) {
    throw new Error(`${where}: ${code} needs ${wanted}`);
  }
}
