#!/usr/bin/env python3
"""Words that our C does not use, each with what to use instead.

A line may say why it breaks a rule: /* tidy: allow WORD: reason */. An allowance without need is a problem too.
"""
import re

import floors

BANNED = {
    'strcpy|strcat|stpcpy|strncpy|strncat': 'copy with span_copy or wr_bytes',
    'sprintf|vsprintf': 'use snprintf',
    'gets|scanf|sscanf|fscanf': 'read with rd',
    'atoi|atol|atoll|atof': 'parse with a limit',
    'strtok|strtok_r': 'cut with span_take and span_find',
    'rand|srand|random|srandom|drand48': 'draw from the injected rng',
    'alloca': 'take from an arena',
    'system|popen': 'start processes without a shell',
    'tmpnam|mktemp|tempnam': 'use mkstemp',
    'setjmp|longjmp|sigsetjmp|siglongjmp': 'return an enum err',
    'assert': 'use check (it stays on in release) or EXPECT',
    'float|double': 'count in integers',
}
PATTERNS = [(re.compile(rf'(?<![\w.>])({words})\b' + ('' if words == 'float|double' else r'\s*\(')), why)
            for words, why in BANNED.items()]
# members that one file alone may touch: who can write them could forge what the type promises
SEALED = {'only_proven_c': ('src/service/proven.c', 'src/service/proven.h'), 'only_proven_witness_c': ('src/service/proven_witness.c', 'src/service/proven_witness.h'), 'only_proven_chain_c': ('src/service/proven_chain.c', 'src/service/proven_chain.h'), 'only_figure_c': ('src/wallet/figure.c', 'src/wallet/figure.h')}
FLOATS_IN = ('bench', 'sim', 'tests')  # figures for people
ALLOW = re.compile(r'/\* tidy: allow (\w+): \S.*?\*/')
SHAPES = [
    (re.compile(r'^\s*typedef\s+(enum|union)\b(?![^;]*\(\s*\*)', re.M), 'a typedef of an enum or union: write the tag'),
    (re.compile(r'^\s*//|[^:]//', re.M), 'a // comment: write /* */'),
    (re.compile(r'^[ \t]+#\s*if', re.M), '#if inside a function: choose a file in meson.build'),
]

CLEANED = re.compile(r'^[ \t]*AUTO\((?!\w*wipe\))\w+\)[^=;(\n]*?(\w+)(\[[^\]]*\])?;', re.M)  # a wipe does no harm to what was not set


def left_before_set(code):
    """Offsets of declarations with a cleanup whose function may return before anything names the object."""
    for m in CLEANED.finditer(code):
        first = re.compile(rf'\b({m[1]}|return|TRY)\b').search(code, m.end())
        if first and first[1] != m[1]:
            yield m.start()


def check_file(root, path):
    text = (root / path).read_text('utf-8')
    code = floors.code_of(text)
    lines = text.splitlines()
    used = set()
    for word, homes in SEALED.items():
        if str(path) not in homes:
            for m in re.finditer(rf'\b{word}\b', code):
                yield f'{path}:{code.count(chr(10), 0, m.start()) + 1}: {word}: only {homes[0]} may touch it'
    for pattern, why in PATTERNS:
        if 'integers' in why and path.parts[0] in FLOATS_IN:
            continue
        for m in pattern.finditer(code):
            number = code.count('\n', 0, m.start()) + 1
            allowed = ALLOW.search(lines[number - 1])
            if allowed and allowed[1] == m[1]:
                used.add(number)
                continue
            yield f'{path}:{number}: {m[1]}: {why}'
    for start in left_before_set(code):
        yield f'{path}:{code.count(chr(10), 0, start) + 1}: cleaned up on a way that leaves before it is set: initialize it'
    for number, line in enumerate(lines, 1):
        if ALLOW.search(line) and number not in used:
            yield f'{path}:{number}: this allowance is not needed'
    without_literals = re.sub(r'"(?:\\.|[^"\\\n])*"|/\*.*?\*/', lambda m: re.sub(r'[^\n]', ' ', m[0]), text, flags=re.S)
    for pattern, why in SHAPES:
        for m in pattern.finditer(without_literals):
            yield f'{path}:{without_literals.count(chr(10), 0, m.start()) + 1}: {why}'


def main():
    args = floors.arguments(__doc__)
    paths = floors.c_files(args.root)
    floors.verdict(f'{len(paths)} files use none of {sum(w.count("|") + 1 for w in BANNED)} banned words',
                   [p for path in paths for p in check_file(args.root, path)])


if __name__ == '__main__':
    main()
