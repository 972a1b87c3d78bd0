"""What the checkers share: the floors table of meson.build, the files of the tree, arguments and verdict."""
import argparse
import ast
import re
import subprocess
import sys
from pathlib import Path

OUTSIDE = ('apps', 'sim', 'fuzz', 'bench', 'tests', 'examples')  # folders beside src/ that hold C


def read_floors(root):
    """The table `floors` of meson.build: library -> libraries that it may use. node stands on all of them."""
    text = (root / 'meson.build').read_text('utf-8')
    m = re.search(r'^floors = (\{.*?^\})', text, re.S | re.M)
    if not m:
        sys.exit('floors: no table "floors = {...}" in meson.build')
    floors = ast.literal_eval(re.sub(r'#.*', '', m[1]))
    for lib, below in floors.items():
        for b in below:
            if list(floors).index(b) >= list(floors).index(lib):
                sys.exit(f'floors: {lib} names {b}, which does not stand below it')
    floors['node'] = list(floors)
    for folder in OUTSIDE:
        floors[folder] = list(floors) if folder in ('apps', 'tests', 'bench', 'fuzz') else [f for f in floors if f != 'node']
    floors['examples'] = ['base', 'codec', 'crypto', 'p2p', 'node']  # what is installed of the library
    return floors


def files(root, *suffixes):
    """Files of the tree (tracked, or new and not ignored) with one of the suffixes, as relative paths."""
    if (root / '.git').exists():
        out = subprocess.run(['git', '-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
                             capture_output=True, text=True, check=True).stdout
        names = [Path(n) for n in out.split('\0') if n]
    else:
        names = [p.relative_to(root) for p in root.rglob('*')]
        names = [n for n in names if not n.parts[0].startswith('build') and 'node_modules' not in n.parts]
    return sorted({n for n in names if (not suffixes or n.suffix in suffixes) and (root / n).is_file()})


def c_files(root):
    tops = ('src',) + OUTSIDE
    return [p for p in files(root, '.c', '.h') if p.parts[0] in tops]


def code_of(text):
    """C text with comments and the content of literals blanked; line numbers stay."""
    def blank(m):
        s = m[0]
        return s[0] + s[-1] if s[0] in '"\'' else re.sub(r'[^\n]', ' ', s)
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text, flags=re.S)


def arguments(doc, **extra):
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--root', type=Path, default=Path(__file__).resolve().parent.parent, help='the source tree')
    p.add_argument('--build', type=Path, help='a build directory of it (default ROOT/build)')
    for name, help_text in extra.items():
        p.add_argument('--' + name, action='store_true', help=help_text)
    args = p.parse_args()
    args.root = args.root.resolve()
    args.build = (args.build or args.root / 'build').resolve()
    return args


def verdict(what, problems):
    """Prints the problems, or what was found good, and ends the program."""
    for p in problems:
        print(p)
    print(f'{len(problems)} problems' if problems else f'ok: {what}')
    sys.exit(1 if problems else 0)


def skip(reason):
    print(reason)
    sys.exit(77)
