#!/usr/bin/env python3
"""Do the locks close? Puts one fault after another into a small tree, and requires that the checker meant for it
fails and says so. Without a fault all must be well. Prints TAP."""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
GOOD_C = '#include "codec/up.h"\n\nint up_value(int v)\n{\n    return v + 1;\n}\n'
GOOD_H = '#ifndef CODEC_UP_H\n#define CODEC_UP_H\n\nint up_value(int v);\n\n#endif\n'
TEST_C = '#include "codec/up.h"\n\n#include "base/test.h"\n\nTEST(up)\n{\n    EXPECT_EQ(2, up_value(1));\n}\n\nTEST_MAIN\n'
DOWN_H = '#ifndef CRYPTO_DOWN_H\n#define CRYPTO_DOWN_H\n\nint down_value(void);\n\n#endif\n'
DOWN_C = '#include "crypto/down.h"\n\nint down_value(void)\n{\n    return 7;\n}\n'
SPECS = '## demo/spec\n\n| section | rule | held by |\n|---|---|---|\n| One | a rule | `src/codec/up_test.c: up` |\n'
MARK = '/* SPEC demo/spec §"One": a rule. */\n'


GOOD = {
    'src/codec/up.c': GOOD_C, 'src/codec/up.h': GOOD_H, 'src/codec/up_test.c': TEST_C,
    'src/codec/meson.build': "lib_srcs = files('up.c')\nlib_tests = ['up']\n",
    'src/crypto/down.c': DOWN_C, 'src/crypto/down.h': DOWN_H,
    'src/crypto/meson.build': "lib_srcs = files('down.c')\n",
    'docs/specs.md': '',
    'docs/holes.md': '',
    'docs/advisories.md': '',
}


def write(folder, content):
    for path, text in content.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, 'utf-8')


def make_tree(folder):
    """The smallest house: our base without its tests, one codec file, one crypto file."""
    shutil.copytree(ROOT / 'src' / 'base', folder / 'src' / 'base', ignore=shutil.ignore_patterns('*_test.c'))
    shutil.copytree(ROOT / 'tools', folder / 'tools', ignore=shutil.ignore_patterns('__pycache__'))
    for name in ('meson.build', 'meson_options.txt', '.clang-format'):
        shutil.copy(ROOT / name, folder / name)
    base = (ROOT / 'src' / 'base' / 'meson.build').read_text('utf-8')
    write(folder, {**GOOD, 'src/base/meson.build': re.sub(r'lib_tests = \[.*?\]', 'lib_tests = []', base, flags=re.S)})
    status, out = run(folder, 'meson', 'setup', 'build', '-Doptimization=0')
    if status:
        print('Bail out! the small tree cannot be configured\n# ' + out.replace('\n', '\n# '))
        sys.exit(1)


def run(folder, *command):
    r = subprocess.run([str(c) for c in command], cwd=folder, capture_output=True, text=True, check=False)
    return r.returncode, r.stdout + r.stderr


def build(folder):
    return run(folder, 'ninja', '-C', 'build')


def checker(name):
    return lambda folder: run(folder, sys.executable, folder / 'tools' / f'check_{name}.py', '--root', folder)


def symbols(folder):
    status, out = build(folder)
    return (status, out) if status else checker('symbols')(folder)


def registered(folder):
    status, out = build(folder)
    return (status, out) if status else checker('registered')(folder)


INCLUDE_UP = {'src/codec/up.c': '#include "crypto/down.h"\n' + GOOD_C}
CALL_UP = {'src/codec/up.c': GOOD_C.replace('\nint up', '\nint down_value(void);\n\nint up').replace('v + 1', 'v + down_value()')}
LONG = 'int up_value(int v)\n{\n' + '    v++;\n' * 68 + '    return v;\n}\n'
# name, what to run, the fault, what the output must say
CASES = [
    ('include upwards', checker('includes'), INCLUDE_UP, 'codec may not use crypto'),
    ('include of no library', checker('includes'), {'src/codec/up.c': '#include "up.h"\n'}, 'no such header'),
    ('include of the test header', checker('includes'), {'src/codec/up.c': '#include "base/test.h"\n'}, 'only tests may'),
    ('include cycle', checker('includes'),
     {'src/codec/up.h': '#include "codec/b.h"\n', 'src/codec/b.h': '#include "codec/up.h"\n'}, 'include each other'),
    ('header that needs another', checker('includes'),
     {'src/codec/b.h': 'size_t b_len(void);\n'}, 'src/codec/b.h: does not compile alone'),
    ('call upwards', build, CALL_UP, 'undefined reference to `down_value'),
    ('clock below node', symbols,
     {'src/codec/up.c': '#include <time.h>\n' + GOOD_C.replace('v + 1', 'v + (int)(time(0) & 1)')}, 'codec/up.c: needs time'),
    ('heap outside base/mem.c', symbols,
     {'src/codec/up.c': '#include <stdlib.h>\n' + GOOD_C.replace('v + 1', 'v + (malloc(9) != 0)')}, 'codec/up.c: needs malloc'),
    ('function of 72 lines', checker('lengths'), {'src/codec/up.c': LONG}, 'src/codec/up.c:up_value: 72 lines, at most 70'),
    ('banned function', checker('banned'), {'src/codec/up.c': GOOD_C.replace('v + 1', 'atoi("1")')}, 'atoi: parse with a limit'),
    ('cleanup of what was not set', checker('banned'),
     {'src/codec/up.c': GOOD_C.replace('return v', 'AUTO(buf_done) struct buf b;\n    if (v > 1) {\n        return 0;\n    }\n    use(&b);\n    return v')},
     'leaves before it is set'),
    ('mark without row', checker('specs'), {'src/codec/up.c': MARK + GOOD_C}, 'stands in no row'),
    ('row without mark', checker('specs'), {'docs/specs.md': SPECS}, 'no mark in the code'),
    ('row without test', checker('specs'), {'docs/specs.md': SPECS.replace('up`', 'gone`'), 'src/codec/up.c': MARK + GOOD_C},
     'has no case gone'),
    ('hole without test', checker('specs'), {'docs/holes.md': '## Proofs\n\n| hole | seen in | held by |\n|---|---|---|\n| one | all | `src/codec/gone_test.c: up` |\n'},
     'docs/holes.md:5: there is no src/codec/gone_test.c'),
    ('advisory without test', checker('specs'),
     {'docs/advisories.md': '## All\n\n| advisory | did | in | here | held by |\n|---|---|---|---|---|\n| one | a | b | c | `src/codec/up_test.c: gone` |\n'},
     'docs/advisories.md:5: src/codec/up_test.c has no case gone'),
    ('test that is not built', registered, {'src/codec/b_test.c': TEST_C}, 'src/codec/b_test.c: is not built'),
    ('machine path', checker('tree'), {'docs/a.md': 'see /' + 'root/notes\n'}, 'docs/a.md:1: a path of one machine'),
    ('lock file with address', checker('tree'), {'ui/package-lock.json': '{"resolved": "https' + '://x/y.tgz"}\n'}, 'names addresses'),
    ('layout', checker('format'), {'src/codec/up.c': GOOD_C.replace('    return', ' return')}, 'laid out otherwise'),
    ('document that names nothing', checker('links'), {'docs/a.md': 'see `src/base/gone.c`\n'}, 'there is no src/base/gone.c'),
    ('spelling', checker('spelling'), {'docs/a.md': 'we rec' + 'ieve\n'}, 'receive'),
    # and the same without a fault
    *[(f'no fault for {name}', checker(name), {'docs/specs.md': SPECS, 'src/codec/up.c': MARK + GOOD_C}, 'ok: ')
      for name in ('includes', 'lengths', 'banned', 'specs', 'tree', 'format', 'spelling', 'links')],
    ('no fault for link and symbols', symbols, {}, 'ok: '),
]


def try_case(folder, command, change, wanted):
    write(folder, change)
    status, out = command(folder)
    for path in change:
        (folder / path).unlink()
    write(folder, {path: GOOD[path] for path in change if path in GOOD})
    return (status == 0) == (wanted == 'ok: ') and wanted in out, status, out


def main():
    failed = 0
    print(f'TAP version 13\n1..{len(CASES)}')
    with tempfile.TemporaryDirectory(prefix='passmesh-locks-') as temporary:
        folder = Path(temporary)
        make_tree(folder)
        for number, (name, command, change, wanted) in enumerate(CASES, 1):
            good, status, out = try_case(folder, command, change, wanted)
            failed += not good
            if not good:
                print(f'# expected "{wanted}", got status {status} and:\n# ' + out.strip().replace('\n', '\n# '))
            print(f'{"ok" if good else "not ok"} {number} - {name}', flush=True)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
