/* Answers cases about BLS12-381 for the comparison with other implementations: one case a line on stdin, its words parted by a
 * tab, one answer a line on stdout. A test program: it may use stdio. */
#include "base/wr.h"
#include "beacon/bls.h"
#include "beacon/hash_to_g2.h"
#include "codec/base16.h"
#include "crypto/backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 4, WORD_LEN_MAX = 4096, KEYS_MAX = 64 };

struct word {
    uint8_t bytes[WORD_LEN_MAX];
    size_t n;
};

static const char *yes_no(bool yes)
{
    return yes ? "yes" : "no";
}

static const char *judge_key(const struct word *words)
{
    struct g1 key;
    return yes_no(words[1].n == BLS_KEY_LEN && bls_key_verify(&key, words[1].bytes) == OK);
}

static const char *judge_signature(const struct word *words)
{
    struct g2 point;
    return yes_no(words[1].n == BLS_SIGNATURE_LEN && g2_decode(&point, words[1].bytes) == OK &&
                  g2_is_in_group(&point));
}

static const char *say_hash(const struct word *words)
{
    static char text[2 * G2_LEN + 3];
    uint8_t bytes[G2_LEN];
    struct g2 point;
    struct wr w = wr_init(mspan_of(text, sizeof text));
    if (hash_to_g2(&point, span_of(words[1].bytes, words[1].n),
                   SPAN_LIT("BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_")) != OK) {
        return "refused";
    }
    g2_encode(bytes, &point);
    base16_encode_0x(&w, SPAN_OF(bytes));
    wr_u8(&w, 0);
    return text;
}

static const char *judge_aggregate(const struct word *words)
{
    static struct g1 keys[KEYS_MAX];
    uint8_t bits[KEYS_MAX / 8];
    size_t count = words[1].n / BLS_KEY_LEN;
    memset(bits, 0xff, sizeof bits);
    if (count > KEYS_MAX || words[3].n != BLS_SIGNATURE_LEN) {
        return "refused";
    }
    for (size_t i = 0; i < count; i++) {
        if (bls_key_verify(&keys[i], words[1].bytes + i * BLS_KEY_LEN) != OK) {
            return "no";
        }
    }
    struct bls_signers signers = {.keys = keys, .bits = bits, .keys_count = count};
    struct span message = span_of(words[2].bytes, words[2].n);
    return yes_no(bls_aggregate_verify(&signers, message, words[3].bytes) == OK);
}

static const struct {
    const char *name;
    size_t words_count;
    const char *(*judge)(const struct word *words);
} kinds[] = {
    {"key",          2, judge_key      },
    {"signature",    2, judge_signature},
    {"hash",         2, say_hash       },
    {"verify",       4, judge_aggregate},
    {"verify-noble", 4, judge_aggregate},
};

static const char *answer(struct span line)
{
    static struct word words[WORDS_MAX];
    size_t count = 0;
    struct span name = span_first(line, span_find(line, '\t'));
    for (struct span rest = line; count < WORDS_MAX; count++) {
        size_t n = span_find(rest, '\t');
        struct wr w = wr_init(MSPAN_OF(words[count].bytes));
        words[count].n = 0;
        if (count > 0) {
            if (base16_decode_0x(&w, span_first(rest, n)) != OK) {
                return "unreadable";
            }
            words[count].n = w.n;
        }
        if (n == rest.n) {
            count++;
            break;
        }
        rest = span_from(rest, n + 1);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (span_equal(name, span_str(kinds[i].name)) && count == kinds[i].words_count) {
            return kinds[i].judge(words);
        }
    }
    return "unknown";
}

int main(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    if (crypto_init() != OK) {
        return 1;
    }
    while ((n = getline(&line, &cap, stdin)) > 0) {
        struct span s = span_of(line, (size_t)n);
        (void)printf("%s\n", answer(s.p[s.n - 1] == '\n' ? span_first(s, s.n - 1) : s));
    }
    free(line);
    return 0;
}
