/* Answers cases about tries, proofs, headers and receipts for the comparison with another implementation, and changes such
 * objects at random to see whether a changed one is ever taken. One case a line on stdin, its words parted by a tab, one
 * answer a line on stdout; an answer starts with "!" if the library refused. A test program: it may use stdio. */
#include "base/rd.h"
#include "base/rng.h"
#include "base/wr.h"
#include "codec/base16.h"
#include "crypto/backend.h"
#include "crypto/keccak.h"
#include "evm/header.h"
#include "evm/mpt.h"
#include "evm/receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 6, LEN_MAX = 1 << 19, PARTS_MAX = 1024 };

struct word {
    struct span text;
    struct span bytes; /* if the text is hexadecimal */
};

static struct word words[WORDS_MAX];
static size_t words_count;
static uint8_t room[LEN_MAX]; /* bytes of the words */
static uint8_t work[LEN_MAX]; /* a changed copy */
static char text[LEN_MAX];    /* of the answer */
static struct span parts[PARTS_MAX];
static size_t parts_count;

static void say_hex(struct wr *w, struct span bytes)
{
    base16_encode_0x(w, bytes);
}

static void say_u64(struct wr *w, uint64_t v)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)v);
    wr_str(w, digits);
}

/* parts_cut takes items of four bytes of length and so many bytes each. */
static enum err parts_cut(struct span in)
{
    struct rd r = rd_init(in);
    for (parts_count = 0; r.rest.n > 0 && parts_count < PARTS_MAX; parts_count++) {
        parts[parts_count] = rd_bytes(&r, rd_be32(&r));
    }
    return rd_end(&r) ? OK : ERR_MALFORMED;
}

static uint64_t number_of(const struct word *w)
{
    uint64_t n = 0;
    for (size_t i = 0; i < w->text.n; i++) {
        n = 10 * n + (uint64_t)(w->text.p[i] - '0');
    }
    return n;
}

static struct hash32 hash_of(const struct word *w)
{
    struct hash32 h = {{0}};
    (void)span_copy(MSPAN_OF(h.bytes), w->bytes);
    return h;
}

static enum err run_root(struct wr *w)
{
    static struct mpt_pair pairs[PARTS_MAX / 2];
    struct hash32 root;
    TRY(parts_cut(words[1].bytes));
    for (size_t i = 0; 2 * i + 1 < parts_count; i++) {
        pairs[i] = (struct mpt_pair){.key = parts[2 * i], .value = parts[2 * i + 1]};
    }
    TRY(mpt_root_of_pairs(&root, pairs, parts_count / 2));
    say_hex(w, SPAN_OF(root.bytes));
    return OK;
}

static enum err run_list(struct wr *w)
{
    struct hash32 root;
    TRY(parts_cut(words[1].bytes));
    TRY(mpt_root_of_list(&root, parts, parts_count));
    say_hex(w, SPAN_OF(root.bytes));
    return OK;
}

static enum err verify_parts(struct mpt_answer *ret_answer)
{
    struct hash32 root = hash_of(&words[1]);
    struct mpt_proof proof = {.nodes = parts, .nodes_count = parts_count};
    return mpt_verify(ret_answer, &root, words[2].bytes, &proof);
}

static enum err run_proof(struct wr *w)
{
    struct mpt_answer answer;
    TRY(parts_cut(words[3].bytes));
    TRY(verify_parts(&answer));
    wr_str(w, answer.is_present ? "present " : "absent");
    if (answer.is_present) {
        say_hex(w, answer.value);
    }
    return OK;
}

static enum err run_receipt(struct wr *w)
{
    struct receipt r;
    TRY(receipt_decode(&r, words[1].bytes));
    say_u64(w, r.type);
    wr_str(w, r.is_success ? " 1 " : " 0 ");
    say_u64(w, r.cumulative_gas);
    wr_str(w, " ");
    say_u64(w, r.logs_count);
    wr_str(w, receipt_bloom_is_right(&r) ? " right" : " wrong");
    return OK;
}

static enum err run_header(struct wr *w)
{
    struct header h;
    uint64_t base_fee;
    TRY(header_decode(&h, words[1].bytes));
    TRY(u256_to_u64(&base_fee, h.base_fee));
    say_hex(w, SPAN_OF(h.hash.bytes));
    wr_str(w, " ");
    say_u64(w, h.number);
    wr_str(w, " ");
    say_hex(w, SPAN_OF(h.state_root.bytes));
    wr_str(w, " ");
    say_u64(w, h.timestamp);
    wr_str(w, " ");
    say_u64(w, base_fee);
    wr_str(w, " ");
    say_u64(w, h.blob_gas_used);
    return OK;
}

/* change alters the n bytes of work in one of several ways and returns the new length, at least 1. */
static size_t change(struct rng *rng, size_t n)
{
    size_t at = (size_t)rng_below(rng, n);
    size_t from = (size_t)rng_below(rng, n);
    size_t len = 1 + (size_t)rng_below(rng, 40);
    len = len > n - at ? n - at : len;
    len = len > n - from ? n - from : len;
    switch (rng_below(rng, 6)) {
    case 0:
    case 1:  work[at] ^= (uint8_t)(1 << rng_below(rng, 8)); break;
    case 2:  work[at] = (uint8_t)rng_below(rng, 256); break;
    case 3:  memset(work + at, 0, len); break;
    case 4:  memmove(work + at, work + from, len); break;
    default: n -= len < n ? len : 0; break;
    }
    return n;
}

/* part_change replaces one part by a changed copy, or leaves one out, or swaps two; false if nothing differs. */
static bool part_change(struct rng *rng)
{
    size_t i = (size_t)rng_below(rng, parts_count);
    size_t k = (size_t)rng_below(rng, parts_count);
    struct span old = parts[i];
    switch (rng_below(rng, 8)) {
    case 0:
        memmove(parts + i, parts + i + 1, (parts_count - i - 1) * sizeof *parts);
        parts_count--;
        return true;
    case 1:
        parts[i] = parts[k];
        parts[k] = old;
        return !span_equal(parts[i], parts[k]);
    default:
        memcpy(work, old.p, old.n);
        parts[i] = span_of(work, change(rng, old.n));
        return !span_equal(parts[i], old);
    }
}

/* The last two words are a seed and a count; the answer is how many changed ones were taken for what they are not. */
static enum err changed(struct wr *w, enum err (*is_taken)(struct rng *rng, bool *ret_taken))
{
    struct rng_seeded rng;
    uint64_t wrong = 0;
    rng_seeded_init(&rng, number_of(&words[words_count - 2]));
    for (uint64_t n = number_of(&words[words_count - 1]); n > 0; n--) {
        bool taken = false;
        TRY(is_taken(&rng.rng, &taken));
        wrong += taken;
    }
    say_u64(w, wrong);
    return OK;
}

static enum err proof_is_taken(struct rng *rng, bool *ret_taken)
{
    struct mpt_answer truth;
    struct mpt_answer answer;
    TRY(parts_cut(words[3].bytes));
    TRY(verify_parts(&truth));
    if (part_change(rng) && verify_parts(&answer) == OK) {
        *ret_taken = answer.is_present != truth.is_present ||
                     (truth.is_present && !span_equal(answer.value, truth.value));
    }
    return OK;
}

static enum err list_is_taken(struct rng *rng, bool *ret_taken)
{
    struct hash32 truth;
    struct hash32 root;
    TRY(parts_cut(words[1].bytes));
    TRY(mpt_root_of_list(&truth, parts, parts_count));
    if (part_change(rng) && mpt_root_of_list(&root, parts, parts_count) == OK) {
        *ret_taken = memcmp(&truth, &root, sizeof root) == 0;
    }
    for (size_t i = 0; i < parts_count; i++) {
        struct receipt r;
        if (receipt_decode(&r, parts[i]) == OK) {
            (void)receipt_bloom_is_right(&r);
        }
    }
    return OK;
}

static enum err header_is_taken(struct rng *rng, bool *ret_taken)
{
    struct header truth;
    struct header h;
    TRY(header_decode(&truth, words[1].bytes));
    memcpy(work, words[1].bytes.p, words[1].bytes.n);
    struct span altered = span_of(work, change(rng, words[1].bytes.n));
    if (!span_equal(altered, words[1].bytes)) {
        *ret_taken = header_verify(&h, &truth.hash, altered) == OK;
    }
    return OK;
}

static enum err run_changed_proof(struct wr *w)
{
    return changed(w, proof_is_taken);
}

static enum err run_changed_list(struct wr *w)
{
    return changed(w, list_is_taken);
}

static enum err run_changed_header(struct wr *w)
{
    return changed(w, header_is_taken);
}

static const struct {
    const char *name;
    size_t words_count;
    enum err (*run)(struct wr *w);
} kinds[] = {
    {"root",           2, run_root          },
    {"list",           2, run_list          },
    {"proof",          4, run_proof         },
    {"receipt",        2, run_receipt       },
    {"header",         2, run_header        },
    {"changed-proof",  6, run_changed_proof },
    {"changed-list",   4, run_changed_list  },
    {"changed-header", 4, run_changed_header},
};

static void line_cut(struct span line)
{
    struct mspan left = MSPAN_OF(room);
    for (words_count = 0; words_count < WORDS_MAX;) {
        size_t n = span_find(line, '\t');
        struct word *word = &words[words_count++];
        struct wr w = wr_init(left);
        word->text = span_first(line, n);
        word->bytes = SPAN_EMPTY;
        if (span_starts_with(word->text, SPAN_LIT("0x")) &&
            base16_decode_0x(&w, word->text) == OK) {
            word->bytes = span_of(left.p, w.n);
            left = mspan_from(left, w.n);
        }
        if (n == line.n) {
            return;
        }
        line = span_from(line, n + 1);
    }
}

static void line_answer(struct span line)
{
    struct wr w = wr_init(mspan_of(text, sizeof text - 1));
    enum err e = ERR_UNSUPPORTED;
    line_cut(line);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (span_equal(words[0].text, span_str(kinds[i].name)) &&
            words_count == kinds[i].words_count) {
            e = kinds[i].run(&w);
        }
    }
    if (e != OK) {
        (void)printf("!%s ", err_name(e));
    }
    (void)printf("%.*s\n", (int)w.n, text);
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
        line_answer(s.p[s.n - 1] == '\n' ? span_first(s, s.n - 1) : s);
    }
    free(line);
    return 0;
}
