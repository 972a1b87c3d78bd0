/* Recovery phrases. Unicode is utf8proc's business, looking words up is wordlist.c's, and the bits are cut here. */
#include "evm/bip39.h"

#include "base/check.h"
#include "base/mem.h"
#include "crypto/hash.h"
#include "crypto/pbkdf2.h"
#include "evm/wordlist.h"

#include <assert.h>
#include <string.h>
#include <utf8proc.h>

static_assert((int)WORDLISTS_COUNT == (int)BIP39_LANGUAGE_COUNT, "a list for each language");

enum {
    WORD_BITS = 11,
    WORDS_PER_STEP = 3, /* of 32 bits of entropy */
    ENTROPY_MIN = 16,
    CODES_MAX = 4096, /* code points of a text in NFKD */
    SEED_ROUNDS = 2048,
};

void bip39_entropy_wipe(struct bip39_entropy *e)
{
    wipe(mspan_of(e, sizeof *e));
}

const char *bip39_language_name(enum bip39_language language)
{
    check(language < BIP39_LANGUAGE_COUNT);
    return wordlists[language].name;
}

static bool is_entropy_len(size_t n)
{
    return n >= ENTROPY_MIN && n <= BIP39_ENTROPY_MAX && n % 4 == 0;
}

/* SPEC bips/BIP-39 §"Generating the mnemonic": a 32nd of the entropy's bits, from its SHA-256, is the checksum behind it. */
static uint8_t checksum_byte(const uint8_t *entropy, size_t n)
{
    struct hash32 hash;
    sha256(&hash, span_of(entropy, n));
    uint8_t first = hash.bytes[0];
    wipe(MSPAN_OF(hash.bytes));
    return first;
}

/* Word i of bits, 11 at a time from the front. */
static uint32_t word_number(const uint8_t *bits, size_t i)
{
    size_t at = i * WORD_BITS / 8;
    uint32_t window = (uint32_t)bits[at] << 16 | (uint32_t)bits[at + 1] << 8 | bits[at + 2];
    return window >> (24 - WORD_BITS - i * WORD_BITS % 8) & (WORDLIST_WORDS - 1);
}

enum err bip39_print(struct buf *out, const struct bip39_entropy *e)
{
    static const struct span blank = SPAN_INIT(" ");
    static const struct span ideographic = SPAN_INIT("\xe3\x80\x80");
    check(out->secret);
    check(e->language < BIP39_LANGUAGE_COUNT);
    if (!is_entropy_len(e->n)) {
        return ERR_MALFORMED;
    }
    TRY(buf_reserve(out, BIP39_PHRASE_MAX)); /* once, so that no copy is left behind by growing */
    struct span between = e->language == BIP39_JAPANESE ? ideographic : blank;
    struct secret64 bits = {{0}};
    memcpy(bits.bytes, e->bytes, e->n);
    bits.bytes[e->n] = checksum_byte(e->bytes, e->n);
    AUTO(word_wipe) struct word word;
    size_t count = e->n / 4 * WORDS_PER_STEP;
    enum err err = OK;
    for (size_t i = 0; i < count && err == OK; i++) {
        wordlist_at(&word, &wordlists[e->language], word_number(bits.bytes, i));
        struct span text = span_of(word.bytes, strlen((const char *)word.bytes));
        err = i > 0 ? buf_append(out, between) : OK;
        err = err == OK ? buf_append(out, text) : err;
    }
    secret64_wipe(&bits);
    return err;
}

/* A text in normal form. */
struct normal {
    int32_t
        *codes; /* CODES_MAX and a little; holds UTF-8 after normalisation, as it is never longer */
    struct budget *budget;
    struct span text;
};
#define NORMAL_LEN ((CODES_MAX + 4) * sizeof(int32_t))

static void normal_done(struct normal *n)
{
    if (n->codes) {
        wipe(mspan_of(n->codes, NORMAL_LEN));
        mem_free(n->budget, n->codes, NORMAL_LEN);
    }
}

/* SPEC bips/BIP-39 §"From mnemonic to seed": phrase and passphrase are UTF-8 in normal form NFKD. */
static enum err
normal_init(struct normal *n, struct budget *budget, struct span text, int more_options)
{
    *n = (struct normal){.budget = budget};
    if (text.n > BIP39_TEXT_MAX) {
        return ERR_LIMIT;
    }
    void *room;
    TRY(mem_alloc(budget, &room, NORMAL_LEN));
    n->codes = room;
    if (text.n == 0) {
        return OK;
    }
    utf8proc_option_t options =
        (utf8proc_option_t)(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | more_options);
    utf8proc_ssize_t count =
        utf8proc_decompose(text.p, (utf8proc_ssize_t)text.n, n->codes, CODES_MAX, options);
    if (count < 0 || count > CODES_MAX) {
        return count < 0 ? ERR_MALFORMED : ERR_LIMIT;
    }
    utf8proc_ssize_t len = utf8proc_reencode(n->codes, count, options);
    if (len < 0) {
        return ERR_MALFORMED;
    }
    n->text = span_of(n->codes, (size_t)len);
    return OK;
}

/* The words of a phrase. */
struct words {
    struct word at[BIP39_WORDS_MAX];
    size_t count;
};

static void words_wipe(struct words *w)
{
    wipe(mspan_of(w, sizeof *w));
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static enum err cut_words(struct words *w, struct span text, struct diag *why)
{
    size_t i = 0;
    while (i < text.n) {
        size_t from = i;
        while (i < text.n && !is_blank(text.p[i])) {
            i++;
        }
        size_t n = i - from;
        i++;
        if (n == 0) {
            continue;
        }
        if (w->count == BIP39_WORDS_MAX) {
            return diag_set(why, ERR_MALFORMED, "more than 24 words", w->count);
        }
        if (n > WORDLIST_WORD_MAX) {
            return diag_set(why, ERR_MALFORMED, "a word that is in no list", w->count);
        }
        memcpy(w->at[w->count++].bytes, text.p + from, n);
    }
    bool is_count = w->count >= 12 && w->count % WORDS_PER_STEP == 0;
    return is_count ? OK : diag_set(why, ERR_MALFORMED, "not 12, 15, 18, 21 or 24 words", w->count);
}

/* Writes the low 11 bits of number as word i. */
static void put_number(uint8_t *bits, size_t i, uint32_t number)
{
    size_t at = i * WORD_BITS / 8;
    uint32_t window = number << (24 - WORD_BITS - i * WORD_BITS % 8);
    bits[at] |= (uint8_t)(window >> 16);
    bits[at + 1] |= (uint8_t)(window >> 8);
    bits[at + 2] |= (uint8_t)window;
}

/* How many words from the front the list has; if all, bits has their numbers. */
static size_t known_words(struct secret64 *bits, const struct wordlist *list, const struct words *w)
{
    *bits = (struct secret64){{0}};
    for (size_t i = 0; i < w->count; i++) {
        uint32_t found = wordlist_find(list, &w->at[i]);
        if (found == 0) {
            return i;
        }
        put_number(bits->bytes, i, found - 1);
    }
    return w->count;
}

static bool is_checksum_good(const struct secret64 *bits, size_t entropy_len)
{
    uint8_t mask = (uint8_t)(0xff00 >> entropy_len / 4);
    uint8_t differ = checksum_byte(bits->bytes, entropy_len) ^ bits->bytes[entropy_len];
    return (differ & mask) == 0;
}

enum err
bip39_parse(struct bip39_entropy *ret, struct budget *budget, struct span text, struct diag *why)
{
    AUTO(normal_done) struct normal normal = {0};
    AUTO(words_wipe) struct words words = {.count = 0};
    AUTO(secret64_wipe) struct secret64 bits = {{0}};
    enum err e = normal_init(&normal, budget, text, UTF8PROC_CASEFOLD);
    if (e != OK) {
        return diag_set(why, e, e == ERR_LIMIT ? "too long" : "not UTF-8", 0);
    }
    TRY(cut_words(&words, normal.text, why));
    size_t n = words.count / WORDS_PER_STEP * 4;
    size_t known_max = 0;
    for (int language = 0; language < BIP39_LANGUAGE_COUNT; language++) {
        size_t known = known_words(&bits, &wordlists[language], &words);
        known_max = known > known_max ? known : known_max;
        if (known == words.count && is_checksum_good(&bits, n)) {
            memcpy(ret->bytes, bits.bytes, n);
            ret->n = n;
            ret->language = (enum bip39_language)language;
            return OK;
        }
    }
    return known_max == words.count
               ? diag_set(why, ERR_MALFORMED, "the checksum does not hold", words.count)
               : diag_set(why, ERR_MALFORMED, "a word that is in no list", known_max);
}

enum err
bip39_seed(struct secret64 *ret, struct budget *budget, struct span phrase, struct span passphrase)
{
    static const struct span prefix = SPAN_INIT("mnemonic");
    AUTO(normal_done) struct normal password = {0};
    AUTO(normal_done) struct normal extra = {0};
    AUTO(buf_done) struct buf salt;
    buf_init_secret(&salt, budget, prefix.n + CODES_MAX * 4);
    TRY(normal_init(&password, budget, phrase, 0));
    TRY(normal_init(&extra, budget, passphrase, 0));
    TRY(buf_reserve(&salt, prefix.n + extra.text.n));
    TRY(buf_append(&salt, prefix));
    TRY(buf_append(&salt, extra.text));
    return pbkdf2_sha512(MSPAN_OF(ret->bytes), password.text, buf_span(&salt), SEED_ROUNDS);
}
