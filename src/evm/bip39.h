#ifndef EVM_BIP39_H
#define EVM_BIP39_H

#include "base/budget.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"

/* Recovery phrases, BIP-39: entropy of 16 to 32 bytes as 12 to 24 words, and the seed that a phrase gives.
 * How long the words are shows in time and memory; which words they are does not. */

/* In the order in which a phrase of unknown language is tried. Numbers are stored: never change them. */
enum bip39_language {
    BIP39_ENGLISH,
    BIP39_CHINESE_SIMPLIFIED,
    BIP39_CHINESE_TRADITIONAL,
    BIP39_CZECH,
    BIP39_FRENCH,
    BIP39_ITALIAN,
    BIP39_JAPANESE,
    BIP39_KOREAN,
    BIP39_PORTUGUESE,
    BIP39_RUSSIAN,
    BIP39_SPANISH,
    BIP39_TURKISH,
    BIP39_LANGUAGE_COUNT
};

enum {
    BIP39_WORDS_MAX = 24,
    BIP39_ENTROPY_MAX = 32,
    BIP39_PHRASE_MAX = 864, /* bytes of a phrase that we write */
    BIP39_TEXT_MAX = 2048,  /* bytes of a phrase or passphrase that we read, before normalisation */
};

/* What a phrase stands for. Wiped by bip39_entropy_wipe. */
struct bip39_entropy {
    uint8_t bytes[BIP39_ENTROPY_MAX];
    size_t n; /* 16, 20, 24, 28 or 32 */
    enum bip39_language language;
};
void bip39_entropy_wipe(struct bip39_entropy *e);

/* bip39_print appends the phrase, in NFKD, to out, a secret buf; Japanese words are parted by an ideographic
 * space. ERR_MALFORMED: e->n is no length of BIP-39. ERR_LIMIT: out takes no more. */
MUST_CHECK enum err bip39_print(struct buf *out, const struct bip39_entropy *e);

/* bip39_parse reads a phrase as a person types it: any Unicode form, any case, words parted by any white space. A phrase
 * that holds in more than one language is taken in the first: its text, and so its seed, is the same.
 * ERR_MALFORMED: why says whether the count of words is wrong, a word is in no list (why->offset is its number, counted
 * from 0 in the list that knew most), or the checksum does not hold. ERR_LIMIT: too long, or no budget. */
MUST_CHECK enum err
bip39_parse(struct bip39_entropy *ret, struct budget *budget, struct span text, struct diag *why);

/* bip39_seed derives the seed of a phrase with a passphrase (empty if there is none), both in any Unicode form. It does not
 * ask whether the phrase is a good one. Takes about a millisecond. ERR_MALFORMED: not UTF-8. ERR_LIMIT. */
MUST_CHECK enum err
bip39_seed(struct secret64 *ret, struct budget *budget, struct span phrase, struct span passphrase);

/* bip39_language_name is a static word such as "chinese_simplified". */
const char *bip39_language_name(enum bip39_language language);

#endif
