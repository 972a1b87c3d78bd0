#ifndef EVM_WORDLIST_H
#define EVM_WORDLIST_H

#include "base/span.h"

#include <stdint.h>

/* The word lists of BIP-39. A look-up goes over the whole list and takes the same time for every word, as
 * the words of a phrase are a secret. */
enum {
    WORDLIST_WORDS = 2048,
    WORDLIST_WORD_MAX = 33, /* bytes of the longest word, in NFKD */
    WORDLISTS_COUNT = 12
};

struct wordlist {
    const char *name;
    /* WORDLIST_WORDS times a word's length and its bytes: filled up to one width they would be half as large again. */
    const uint8_t *words;
};

extern const struct wordlist wordlists[WORDLISTS_COUNT];

/* A word, filled up with zeros: a secret. */
struct word {
    uint8_t bytes[WORDLIST_WORD_MAX + 1];
};
void word_wipe(struct word *w);

/* wordlist_find returns the word's number plus one, or 0 if it is not in the list. */
uint32_t wordlist_find(const struct wordlist *list, const struct word *word);

/* wordlist_at gives word number i, below WORDLIST_WORDS. */
void wordlist_at(struct word *ret_word, const struct wordlist *list, uint32_t i);

#endif
