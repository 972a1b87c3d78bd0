/* Reading limits and known addresses of an account from a chain. */
#include "wallet/limit_view.h"

#include "base/check.h"
#include "codec/base16.h"
#include "evm/abi.h"

enum { KNOWN_BITS = 8 }; /* of a bool in its slot */

static_assert(LIMIT_ASK_COUNT <= 32, "a bit for each question");

void limit_view_begin(struct limit_view *v, const struct network *n, uint64_t as_of_ms)
{
    size_t count = 1 + (size_t)n->token_count;
    *v = (struct limit_view){.as_of_ms = as_of_ms};
    v->count = count < LIMIT_COUNT_MAX ? count : LIMIT_COUNT_MAX;
}

static size_t place_of(const struct limit_view *v, struct address to)
{
    size_t i = 0;
    while (i < v->known_count && !address_equal(v->known[i], to)) {
        i++;
    }
    return i;
}

void limit_view_add(struct limit_view *v, struct address to)
{
    if (place_of(v, to) == v->known_count && v->known_count < KNOWN_COUNT_MAX) {
        v->known[v->known_count++] = to;
    }
}

struct address limit_view_token(const struct network *n, size_t i)
{
    check(i < 1 + (size_t)n->token_count);
    return i == 0 ? (struct address){{0}} : n->tokens[i - 1].address;
}

bool limit_view_has(const struct limit_view *v, unsigned q)
{
    if (q >= LIMIT_ASK_KNOWN) {
        return q - LIMIT_ASK_KNOWN < v->known_count;
    }
    return q == LIMIT_ASK_FEES || q - LIMIT_ASK_OF < v->count;
}

static void note(struct limit_view *v, unsigned q)
{
    v->learned |= UINT32_C(1) << q;
}

static bool is_learned(const struct limit_view *v, unsigned q)
{
    return v->learned >> q & 1;
}

bool limit_view_is_whole(const struct limit_view *v)
{
    bool is_whole = v->count > 0;
    for (unsigned q = 0; q <= LIMIT_ASK_FEES; q++) {
        is_whole = is_whole && (!limit_view_has(v, q) || is_learned(v, q));
    }
    return is_whole;
}

size_t limit_view_find(const struct limit_view *v, struct address to)
{
    size_t i = place_of(v, to);
    bool is_there = i < v->known_count && is_learned(v, (unsigned)LIMIT_ASK_KNOWN + (unsigned)i);
    return is_there ? i : v->known_count;
}

struct span limit_view_call(uint8_t ret[static ACCOUNT_LIMITS_CALL_LEN_MAX],
                            const struct limit_view *v,
                            const struct network *n,
                            unsigned q)
{
    check(limit_view_has(v, q));
    if (q >= LIMIT_ASK_KNOWN) {
        return account_limits_ask_known(ret, v->known[q - LIMIT_ASK_KNOWN]);
    }
    return q == LIMIT_ASK_FEES ? account_limits_ask_fees(ret)
                               : account_limits_ask(ret, limit_view_token(n, q - LIMIT_ASK_OF));
}

enum err limit_view_learn(struct limit_view *v,
                          unsigned q,
                          struct json result,
                          const struct figure_said *said)
{
    uint8_t data[4 * ABI_WORD_LEN];
    struct span text;
    struct account_limit_words words;
    struct u256 word;
    TRY(json_get_plain(&text, result));
    if (q < LIMIT_ASK_FEES) {
        TRY(base16_decode_fixed_0x(MSPAN_OF(data), text));
        TRY(account_limits_decode(&words, SPAN_OF(data)));
        v->of[q] = (struct limit_figures){.amount = figure_say(words.amount, said),
                                          .spent = figure_say(words.spent, said),
                                          .window = figure_say(words.window, said)};
    } else {
        TRY(base16_decode_fixed_0x(mspan_of(data, ABI_WORD_LEN), text));
        TRY(u256_from_be(&word, span_of(data, ABI_WORD_LEN)));
        bool is_word_bool = u256_bit_len(word) <= 1;
        if (q >= LIMIT_ASK_KNOWN && !is_word_bool) {
            return ERR_MALFORMED;
        }
        *(q == LIMIT_ASK_FEES ? &v->fees : &v->is_known[q - LIMIT_ASK_KNOWN]) =
            figure_say(word, said);
    }
    note(v, q);
    return OK;
}

/* ---- proofs ---- */

size_t limit_view_slots(uint8_t ret[static LIMIT_SLOTS_MAX][32],
                        const struct limit_view *v,
                        const struct network *n)
{
    account_limits_fees_slot(ret[0]);
    for (size_t i = 0; i < v->count; i++) {
        account_limits_slots(&ret[1 + ACCOUNT_LIMIT_SLOTS * i], limit_view_token(n, i));
    }
    return 1 + ACCOUNT_LIMIT_SLOTS * v->count;
}

size_t limit_view_known_slots(uint8_t ret[static KNOWN_COUNT_MAX][32], const struct limit_view *v)
{
    for (size_t i = 0; i < v->known_count; i++) {
        account_limits_known_slot(ret[i], v->known[i]);
    }
    return v->known_count;
}

enum err limit_view_prove(struct limit_view *v,
                          const struct proven_account *p,
                          const struct network *n,
                          struct figure_claim claim)
{
    uint8_t slots[ACCOUNT_LIMIT_SLOTS][32];
    uint8_t fees[32];
    claim.part = FIGURE_SLOT;
    account_limits_fees_slot(fees);
    claim.slot = fees;
    TRY(figure_prove(&v->fees, p, &claim));
    note(v, LIMIT_ASK_FEES);
    for (size_t i = 0; i < v->count; i++) {
        struct figure *const parts[ACCOUNT_LIMIT_SLOTS] = {&v->of[i].amount, &v->of[i].spent,
                                                           &v->of[i].window};
        account_limits_slots(slots, limit_view_token(n, i));
        for (size_t k = 0; k < ACCOUNT_LIMIT_SLOTS; k++) {
            claim.slot = slots[k];
            TRY(figure_prove(parts[k], p, &claim));
        }
        note(v, (unsigned)LIMIT_ASK_OF + (unsigned)i);
    }
    return OK;
}

enum err limit_view_prove_known(struct limit_view *v,
                                const struct proven_account *p,
                                struct figure_claim claim)
{
    uint8_t slot[32];
    claim.part = FIGURE_SLOT;
    claim.slot = slot;
    claim.bits = KNOWN_BITS;
    for (size_t i = 0; i < v->known_count; i++) {
        account_limits_known_slot(slot, v->known[i]);
        TRY(figure_prove(&v->is_known[i], p, &claim));
        note(v, (unsigned)LIMIT_ASK_KNOWN + (unsigned)i);
    }
    return OK;
}
