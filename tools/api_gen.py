#!/usr/bin/env python3
"""Reads the schemas of the local API (api/) and makes what is derived from them.

  api_gen.py --write              ui/src/api/generated.ts and docs/api.md, in the source tree
  api_gen.py --check              fails if one of the two is not what --write would make
  api_gen.py --c FILE.c FILE.h    tables for the daemon's checker, into the build directory

Every run first proves the schemas themselves: references, words, formats, errors and examples.
The shape of the schemas stands in api/README.md.
"""
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KINDS = ('object', 'array', 'map', 'string', 'enum', 'integer', 'boolean')
CAPABILITIES = ('read', 'command', 'ceremony')
TRANSPORTS = ('rpc', 'ws', 'session', 'local')
RULES = ('none', 'even', 'no_leading_zero')
BLAMES = ('person', 'page', 'wallet', 'server', 'network', 'authenticator')


class Bad(Exception):
    """A schema, example or generated file is wrong; the text says where."""


class Api:
    """All schemas, proven. Methods and topics are sorted by name."""

    def __init__(self, folder):
        def load(path):
            def pairs(items):
                keys = [k for k, _ in items]
                if len(set(keys)) != len(keys):
                    raise Bad(f'{path}: a key stands twice')
                return dict(items)
            return json.loads(path.read_text('utf-8'), object_pairs_hook=pairs)

        types = load(folder / 'types.json')
        self.formats, self.types = types['formats'], types['types']
        self.errors = load(folder / 'errors.json')['errors']
        self.codes = load(folder / 'codes.json')['codes']
        self.methods = [load(p) for p in sorted((folder / 'methods').glob('*.json'))]
        self.topics = [load(p) for p in sorted((folder / 'topics').glob('*.json'))]
        names = [p.stem for p in sorted((folder / 'methods').glob('*.json'))]
        if names != [m['name'] for m in self.methods]:
            raise Bad('api/methods: a file is not named for its method')
        self.prove()

    def prove(self):
        for name, node in self.types.items():
            self.prove_node(node, f'type {name}', set())
        for name, error in self.errors.items():
            self.prove_params(error['params'], f'error {name}')
            if error['blame'] not in BLAMES or any(n not in self.codes['action'] for n in error['next']):
                raise Bad(f'error {name}: unknown blame or next')
        numbers = [e['number'] for e in self.errors.values()]
        if len(set(numbers)) != len(numbers):
            raise Bad('errors.json: a number stands twice')
        for kind, codes in self.codes.items():
            for name, code in codes.items():
                self.prove_params(code['params'], f'{kind} {name}')
        for m in self.methods:
            where = f'method {m["name"]}'
            if m['capability'] not in CAPABILITIES or m['transport'] not in TRANSPORTS:
                raise Bad(f'{where}: unknown capability or transport')
            for code in m['errors']:
                if code not in self.errors:
                    raise Bad(f'{where}: unknown error {code}')
            if m['capability'] != 'read' and 'key' not in m['params']['properties']:
                raise Bad(f'{where}: changes something, so it needs an idempotency key')
            for part in ('params', 'result'):
                self.prove_node(m[part], where, set())
                self.check(m[part], m['example'][part], f'{where}, example {part}')
        for t in self.topics:
            for part in ('snapshot', 'update'):
                self.prove_node(t[part], f'topic {t["name"]}', set())
                self.check(t[part], t['example'][part], f'topic {t["name"]}, example {part}')

    def prove_params(self, params, where):
        for fmt in params.values():
            if fmt not in self.formats:
                raise Bad(f'{where}: unknown format {fmt}')

    def prove_node(self, node, where, seen):
        if '$ref' in node:
            name = node['$ref']
            if name not in self.types or name in seen:
                raise Bad(f'{where}: type {name} is unknown or holds itself')
            self.prove_node(self.types[name], f'{where} > {name}', seen | {name})
            return
        kind = kind_of(node)
        if kind == 'object':
            if any(k not in node['properties'] for k in node['required']):
                raise Bad(f'{where}: requires what it does not have')
            for key, child in node['properties'].items():
                if not re.fullmatch('[a-z][a-z0-9_]{0,31}', key):
                    raise Bad(f'{where}: bad key {key}')
                self.prove_node(child, f'{where}.{key}', seen)
        elif kind in ('array', 'map'):
            if node['maxItems'] < 1:
                raise Bad(f'{where}: no bound')
            self.prove_node(node['items' if kind == 'array' else 'values'], f'{where}[]', seen)
        elif kind == 'string' and node['format'] not in self.formats:
            raise Bad(f'{where}: unknown format')
        elif kind == 'integer' and not node['minimum'] <= node['maximum'] < 2**53:
            raise Bad(f'{where}: bounds of an integer')

    def resolve(self, node):
        while '$ref' in node:
            node = self.types[node['$ref']]
        return node

    def check(self, node, value, where):
        """Fails unless value is what node allows: the same rules as the daemon's checker."""
        node = self.resolve(node)
        kind = kind_of(node)
        python = {'object': dict, 'map': dict, 'array': list, 'integer': int, 'boolean': bool}.get(kind, str)
        if type(value) is not python:
            raise Bad(f'{where}: not of type {kind}')
        if kind == 'object':
            for key in node['required']:
                if key not in value:
                    raise Bad(f'{where}: {key} is missing')
            for key, child in value.items():
                if key not in node['properties']:
                    raise Bad(f'{where}: {key} is unknown')
                self.check(node['properties'][key], child, f'{where}.{key}')
        elif kind in ('array', 'map'):
            if len(value) > node['maxItems']:
                raise Bad(f'{where}: too many')
            for child in value if kind == 'array' else value.values():
                self.check(node['items' if kind == 'array' else 'values'], child, f'{where}[]')
        elif kind == 'integer' and not node['minimum'] <= value <= node['maximum']:
            raise Bad(f'{where}: {value} is out of bounds')
        elif kind == 'enum' and value not in node['enum']:
            raise Bad(f'{where}: {value} is not one of the words')
        elif kind == 'string' and not self.fits(node, value):
            raise Bad(f'{where}: {value!r} is not in format {node["format"]}')

    def fits(self, node, value):
        form = self.formats[node['format']]
        size = len(value.encode('utf-8'))
        if not form['minLength'] <= size <= node.get('maxLength', form['maxLength']):
            return False
        if form.get('text'):
            return all(ord(c) >= 32 and ord(c) != 127 for c in value)
        prefix = form.get('prefix', '')
        if not value.startswith(prefix) or not re.fullmatch(f'[{form["chars"]}]*', value[len(prefix):]):
            return False
        rule = form.get('rule', 'none')
        return not (rule == 'even' and len(value) % 2 or rule == 'no_leading_zero' and value[0] == '0' and len(value) > 1)


def kind_of(node):
    if 'enum' in node:
        return 'enum'
    if node['type'] == 'object' and 'values' in node:
        return 'map'
    if node['type'] not in KINDS:
        raise Bad(f'unknown type {node["type"]}')
    return node['type']


def camel(name):
    return ''.join(part.capitalize() for part in name.split('_'))


# ---- TypeScript ----------------------------------------------------------------------------------

def ts_type(node, indent):
    if '$ref' in node:
        return camel(node['$ref'])
    kind = kind_of(node)
    pad = '  ' * indent
    if kind == 'object':
        if not node['properties']:
            return 'Record<string, never>'
        lines = []
        for key, child in node['properties'].items():
            if 'description' in child:
                lines.append(f'{pad}  /** {child["description"]} */')
            mark = '' if key in node['required'] else '?'
            lines.append(f'{pad}  {key}{mark}: {ts_type(child, indent + 1)};')
        return '{\n' + '\n'.join(lines) + f'\n{pad}}}'
    if kind == 'enum':
        return ' | '.join(f"'{word}'" for word in node['enum'])
    if kind == 'array':
        inner = ts_type(node['items'], indent)
        return f'({inner})[]' if '|' in inner and '\n' not in inner else f'{inner}[]'
    if kind == 'map':
        return f'Record<string, {ts_type(node["values"], indent)}>'
    return {'string': 'string', 'integer': 'number', 'boolean': 'boolean'}[kind]


def ts_params(params):
    return '{ ' + ' '.join(f'{k}: string;' for k in params) + ' }' if params else 'Record<string, never>'


def make_ts(api):
    out = ['/* Made by tools/api_gen.py from api/. Do not edit: change the schemas and run it with --write. */', '']
    for name, node in api.types.items():
        if 'description' in node:
            out.append(f'/** {node["description"]} */')
        out.append(f'export type {camel(name)} = {ts_type(node, 0)};\n')
    out.append('/** Each method: what it takes and gives. */\nexport interface Methods {')
    for m in api.methods:
        out.append(f'  /** {m["summary"]} */')
        out.append(f'  {m["name"]}: {{ params: {ts_type(m["params"], 1)}; result: {ts_type(m["result"], 1)} }};')
    out.append('}\n\n/** Each topic: the state as a whole, and what an update holds. */\nexport interface Topics {')
    for t in api.topics:
        same = t['snapshot'] == t['update']
        update = f"Topics['{t['name']}']['snapshot']" if same else ts_type(t['update'], 1)
        out.append(f'  {t["name"]}: {{ snapshot: {ts_type(t["snapshot"], 1)}; update: {update} }};')
    out.append('}\n\n/** Each error and the values of its sentence. */\nexport interface ErrorParams {')
    out += [f'  {name}: {ts_params(e["params"])};' for name, e in api.errors.items()]
    out.append('}\n')
    for kind, codes in api.codes.items():
        out.append(f'export interface {camel(kind)}Params {{')
        out += [f'  {name}: {ts_params(c["params"])};' for name, c in codes.items()]
        out.append('}\n')
    return '\n'.join(out)


# ---- Markdown ------------------------------------------------------------------------------------

def md_type(api, node):
    if '$ref' in node:
        return f'[{node["$ref"]}](#type-{node["$ref"]})'
    kind = kind_of(node)
    if kind == 'enum':
        return ', '.join(f'`{w}`' for w in node['enum'])
    if kind == 'array':
        return f'list of at most {node["maxItems"]}: {md_type(api, node["items"])}'
    if kind == 'map':
        return f'map of at most {node["maxItems"]}: {md_type(api, node["values"])}'
    if kind == 'string':
        most = api.formats[node['format']]['maxLength']
        return node['format'] + (f', at most {node["maxLength"]}' if node.get('maxLength', most) < most else '')
    if kind == 'integer':
        top = '' if node['maximum'] >= 2**53 - 1 else f' to {node["maximum"]}'
        return f'integer from {node["minimum"]}{top}'
    return kind


def md_fields(api, node, prefix=''):
    rows = []
    for key, child in node['properties'].items():
        opt = '' if key in node['required'] else ' (may be absent)'
        rows.append(f'| `{prefix}{key}`{opt} | {md_type(api, child)} | {child.get("description", "")} |')
        inner, mark = (child['items'], '[]') if child.get('type') == 'array' else (child, '')
        if 'properties' in inner:
            rows += md_fields(api, inner, f'{prefix}{key}{mark}.')
    return rows


def md_block(api, node):
    if '$ref' in node or kind_of(node) != 'object':
        return [md_type(api, node), '']
    if not node['properties']:
        return ['nothing', '']
    return ['', '| name | type | meaning |', '|---|---|---|', *md_fields(api, node), '']


def md_params(params):
    return ', '.join(f'`{k}` ({v})' for k, v in params.items()) or '–'


def make_md(api):
    out = ['<!-- Made by tools/api_gen.py from api/. Do not edit: change the schemas and run it with --write. -->',
           '# The local API', '', 'How to reach it, sessions, events and the shape of the schemas: `api/README.md`.', '',
           '## Methods', '']
    for m in api.methods:
        out += [f'### {m["name"]}', '', m['summary'], '', f'Needs: {m["capability"]}. Transport: {m["transport"]}.', '', '**Takes**']
        out += md_block(api, m['params']) + ['**Gives**'] + md_block(api, m['result'])
        out += ['**Errors** ' + (', '.join(f'`{e}`' for e in m['errors']) or 'only the general ones'), '']
    out += ['## Topics', '']
    for t in api.topics:
        out += [f'### Topic {t["name"]}', '', t['summary'], '', '**Snapshot**'] + md_block(api, t['snapshot'])
        if t['snapshot'] != t['update']:
            out += ['**Update**'] + md_block(api, t['update'])
    out += ['## Types', '']
    for name, node in api.types.items():
        out += [f'### Type {name}', '', *([node['description'], ''] if 'description' in node else [])]
        out += md_block(api, node)
    out += ['## Formats', '', '| name | length in bytes | meaning |', '|---|---|---|']
    out += [f'| {n} | {f["minLength"]} to {f["maxLength"]} | {f["description"]} |' for n, f in api.formats.items()]
    out += ['', '## Errors', '', '| code | number | HTTP | blame | next | values | meaning |', '|---|---|---|---|---|---|---|']
    out += [f'| `{n}` | {e["number"]} | {e["http"]} | {e["blame"]} | {", ".join(e["next"]) or "–"} | {md_params(e["params"])} | {e["description"]} |'
            for n, e in api.errors.items()]
    out += ['', '## Codes', '', '| kind | code | values | meaning |', '|---|---|---|---|']
    out += [f'| {k} | `{n}` | {md_params(c["params"])} | {c["description"]} |' for k, cs in api.codes.items() for n, c in cs.items()]
    return '\n'.join(out) + '\n'


# ---- C -------------------------------------------------------------------------------------------

class Tables:
    """Nodes, fields and words, each numbered once; equal nodes share one number."""

    def __init__(self, api):
        self.api, self.nodes, self.fields, self.words, self.known = api, [], [], [], {}
        self.formats = list(api.formats)

    def add(self, node):
        node = self.api.resolve(node)
        key = json.dumps(strip(node), sort_keys=False)
        if key not in self.known:
            row = self.row(node, kind_of(node))
            self.known[key] = len(self.nodes)
            self.nodes.append(row)
        return self.known[key]

    def row(self, node, kind):
        first = count = form = length = low = high = 0
        if kind == 'object':
            rows = [(k, self.add(c), k in node['required']) for k, c in node['properties'].items()]
            first, count = len(self.fields), len(rows)
            self.fields += rows
        elif kind in ('array', 'map'):
            first, count = self.add(node['items' if kind == 'array' else 'values']), node['maxItems']
        elif kind == 'enum':
            first, count = len(self.words), len(node['enum'])
            self.words += node['enum']
        elif kind == 'string':
            form = self.formats.index(node['format'])
            length = node.get('maxLength', self.api.formats[node['format']]['maxLength'])
        elif kind == 'integer':
            low, high = node['minimum'], node['maximum']
        return (f'API_{kind.upper()}', first, count, form, length, low, high)


def strip(node):
    if isinstance(node, dict):
        return {k: strip(v) for k, v in node.items() if k != 'description' or isinstance(v, dict)}
    return [strip(v) for v in node] if isinstance(node, list) else node


def char_bits(form):
    bits = [0, 0, 0, 0]
    for c in range(33, 127):
        if 'chars' in form and re.fullmatch(f'[{form["chars"]}]', chr(c)):
            bits[c // 32] |= 1 << (c % 32)
    return ', '.join(f'0x{b:08x}u' for b in bits)


def c_enum(name, prefix, words):
    body = ''.join(f'    {prefix}{w.upper()},\n' for w in words)
    return f'enum {name} {{\n{body}    {prefix}COUNT\n}};\n'


def make_c(api):
    t = Tables(api)
    methods = [(m, t.add(m['params']), t.add(m['result'])) for m in api.methods]
    topics = [(p, t.add(p['snapshot']), t.add(p['update'])) for p in api.topics]
    codes = [(k, n) for k, cs in api.codes.items() for n in cs]
    text = (ROOT / 'api' / 'tables.h.in').read_text('utf-8')
    enums = '\n'.join([c_enum('api_capability', 'API_CAPABILITY_', CAPABILITIES), c_enum('api_transport', 'API_TRANSPORT_', TRANSPORTS),
                       c_enum('api_rule', 'API_RULE_', RULES), c_enum('api_method_id', 'API_METHOD_', [m['name'] for m in api.methods]),
                       c_enum('api_topic_id', 'API_TOPIC_', [p['name'] for p in api.topics]),
                       c_enum('api_error_id', 'API_ERROR_', api.errors)])
    header = text.replace('@ENUMS@', enums.rstrip()).replace('@COUNTS@', '\n'.join(
        f'#define API_{n}_COUNT {c}u' for n, c in (('NODES', len(t.nodes)), ('FIELDS', len(t.fields)), ('WORDS', len(t.words)),
                                                   ('FORMATS', len(t.formats)), ('CODES', len(codes)))))
    out = ['/* Made by tools/api_gen.py from api/: see api_tables.h. */', '#include "api_tables.h"', '']

    def table(kind, name, size, rows):
        out.append(f'const {kind} {name}[{size}] = {{')
        out.extend(f'    {r},' for r in rows)
        out.append('};\n')

    table('char *const', 'api_words', 'API_WORDS_COUNT', [f'"{w}"' for w in t.words])
    table('struct api_format', 'api_formats', 'API_FORMATS_COUNT', [
        f'{{"{n}", "{f.get("prefix", "")}", {{{char_bits(f)}}}, {f["minLength"]}, {f["maxLength"]}, '
        f'API_RULE_{f.get("rule", "none").upper()}, {"true" if f.get("text") else "false"}}}' for n, f in api.formats.items()])
    table('struct api_field', 'api_fields', 'API_FIELDS_COUNT',
          [f'{{"{n}", {i}, {"true" if q else "false"}}}' for n, i, q in t.fields])
    table('struct api_node', 'api_nodes', 'API_NODES_COUNT',
          ['{' + ', '.join(map(str, r[:5])) + f', INT64_C({r[5]}), INT64_C({r[6]})}}' for r in t.nodes])
    for m, _, _ in methods:
        if m['errors']:
            out.append(f'static const uint8_t errors_{m["name"]}[] = {{{", ".join("API_ERROR_" + e.upper() for e in m["errors"])}}};')
    table('struct api_method', 'api_methods', 'API_METHOD_COUNT', [
        f'{{"{m["name"]}", API_CAPABILITY_{m["capability"].upper()}, API_TRANSPORT_{m["transport"].upper()}, {p}, {r}, '
        f'{"errors_" + m["name"] if m["errors"] else "NULL"}, {len(m["errors"])}}}' for m, p, r in methods])
    table('struct api_topic', 'api_topics', 'API_TOPIC_COUNT', [f'{{"{p["name"]}", {a}, {b}}}' for p, a, b in topics])
    table('struct api_error', 'api_errors', 'API_ERROR_COUNT', [
        f'{{"{n}", {e["number"]}, {e["http"]}, "{e["blame"]}", {{{", ".join(chr(34) + x + chr(34) for x in e["next"]) or "NULL"}}}}}'
        for n, e in api.errors.items()])
    table('struct api_code', 'api_codes', 'API_CODES_COUNT', [f'{{"{k}", "{n}"}}' for k, n in codes])
    return '\n'.join(out), header


def main(args):
    api = Api(ROOT / 'api')
    made = {ROOT / 'ui/src/api/generated.ts': make_ts(api), ROOT / 'docs/api.md': make_md(api)}
    if len(args) == 3 and args[0] == '--c':
        source, header = make_c(api)
        Path(args[1]).write_text(source, 'utf-8')
        Path(args[2]).write_text(header, 'utf-8')
    elif args == ['--write']:
        for path, text in made.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, 'utf-8')
    elif args == ['--check']:
        for path, text in made.items():
            if not path.exists() or path.read_text('utf-8') != text:
                raise Bad(f'{path.relative_to(ROOT)} is stale: run tools/api_gen.py --write')
        print(f'ok: {len(api.methods)} methods, {len(api.topics)} topics, {len(api.types)} types, {len(api.errors)} errors')
    else:
        raise Bad(__doc__.strip())


if __name__ == '__main__':
    try:
        main(sys.argv[1:])
    except Bad as bad:
        sys.exit(f'api_gen: {bad}')
