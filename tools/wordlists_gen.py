#!/usr/bin/env python3
"""Writes the C tables of src/evm/wordlist.h from word lists: wordlists_gen.py OUT LIST..., in the order of enum bip39_language"""
import pathlib
import sys
import unicodedata

WORD_MAX = 33  # WORDLIST_WORD_MAX


def row(word):
    """Its length and its bytes."""
    return ''.join(f'{b},' for b in (len(word), *word))


def words_of(path):
    words = path.read_text('utf-8').split()
    if len(words) != 2048 or len(set(words)) != 2048:
        raise SystemExit(f'{path}: 2048 different words expected')
    if any(unicodedata.normalize('NFKD', w) != w for w in words):
        raise SystemExit(f'{path}: not in normal form NFKD')
    return [w.encode() for w in words]


def main():
    out, paths = sys.argv[1], [pathlib.Path(p) for p in sys.argv[2:]]
    lines = ['/* Made by tools/wordlists_gen.py. */', '#include "evm/wordlist.h"', '']
    rows = []
    for path in paths:
        words = words_of(path)
        if max(map(len, words)) > WORD_MAX:
            raise SystemExit(f'{path}: a word is longer than WORDLIST_WORD_MAX')
        name = path.stem
        lines += [f'static const uint8_t {name}[] = {{']
        lines += [f'    {row(w)}' for w in words]
        lines += ['};', '']
        rows += [f'    {{.name = "{name}", .words = {name}}},']
    lines += ['const struct wordlist wordlists[WORDLISTS_COUNT] = {', *rows, '};']
    pathlib.Path(out).write_text('\n'.join(lines) + '\n', 'utf-8')


if __name__ == '__main__':
    main()
