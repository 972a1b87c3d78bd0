/* Reading an account's owners from a chain. */
#include "wallet/owner_view.h"

#include "base/check.h"
#include "codec/base16.h"
#include "evm/abi.h"
#include "evm/owner_change.h"

/* The list at its longest: two words, and for each owner its place, its length and four words of bytes. */
enum { LIST_LEN_MAX = 32 * (2 + 6 * OWNER_COUNT_MAX) };

bool owner_view_is_whole(const struct owner_view *v)
{
    const unsigned all = (1u << OWNER_ASK_CHANGE) - 1;
    return (v->learned & all) == all;
}

bool owner_view_has(const struct owner_view *v, const struct smart_owner *owner)
{
    for (size_t i = 0; i < v->count; i++) {
        if (span_equal(span_of(v->list[i].bytes, v->list[i].len),
                       span_of(owner->bytes, owner->len))) {
            return true;
        }
    }
    return false;
}

struct span owner_view_call(uint8_t ret[static 68], unsigned q, const struct hash32 *change)
{
    static const char *const plain[] = {
        [OWNER_ASK_THRESHOLD] = "threshold()",
        [OWNER_ASK_SEQUENCE] = "ownersSequence()",
        [OWNER_ASK_HEAD] = "ownersHead()",
        [OWNER_ASK_DELAY] = "delay()",
    };
    span_copy(mspan_of(ret, 68), SPAN_OF(((uint8_t[68]){0})));
    if (q == OWNER_ASK_LIST) {
        abi_selector(ret, SPAN_LIT("getSigners(uint64,uint64)"));
        ret[67] = SMART_ACCOUNT_OWNER_COUNT_MAX;
        return span_of(ret, 68);
    }
    if (q >= OWNER_ASK_CHANGE) {
        abi_selector(ret, SPAN_LIT("changeReadyAt(bytes32)"));
        span_copy(mspan_of(ret + 4, 32), SPAN_OF(change->bytes));
        return span_of(ret, 36);
    }
    abi_selector(ret, span_str(plain[q]));
    return span_of(ret, 4);
}

static enum err learn_list(struct owner_view *v, struct span text)
{
    uint8_t raw[LIST_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(raw));
    if (text.n > 2 + 2 * sizeof raw) {
        return ERR_LIMIT;
    }
    TRY(base16_decode_0x(&w, text));
    TRY(owner_change_read_owners(v->list, &v->count, OWNER_COUNT_MAX, span_of(raw, w.n)));
    return v->count > 0 ? OK : ERR_MALFORMED;
}

static enum err learn_word(struct owner_view *v, unsigned q, struct span text)
{
    uint8_t word[ABI_WORD_LEN];
    TRY(base16_decode_fixed_0x(MSPAN_OF(word), text));
    if (q == OWNER_ASK_HEAD) {
        span_copy(MSPAN_OF(v->head), SPAN_OF(word));
        return OK;
    }
    struct u256 wide;
    uint64_t n;
    TRY(u256_from_be(&wide, SPAN_OF(word)));
    if (u256_to_u64(&n, wide) != OK || n > UINT64_MAX / 1000) {
        return ERR_MALFORMED;
    }
    switch (q) {
    case OWNER_ASK_THRESHOLD: v->threshold = n; return n == 0 ? ERR_MALFORMED : OK;
    case OWNER_ASK_SEQUENCE:  v->sequence = n; return OK;
    case OWNER_ASK_DELAY:     v->delay_s = n; return OK;
    default:                  break;
    }
    if (q >= OWNER_ASK_PROBE) {
        v->probe_ready_at[q - OWNER_ASK_PROBE] = n;
    } else {
        v->ready_at[q - OWNER_ASK_CHANGE] = n;
    }
    return OK;
}

enum err owner_view_learn(struct owner_view *v, unsigned q, struct json result)
{
    check(q < OWNER_ASK_COUNT);
    struct span text;
    TRY(json_get_plain(&text, result));
    v->learned &= ~(1u << q);
    enum err err = q == OWNER_ASK_LIST ? learn_list(v, text) : learn_word(v, q, text);
    if (err != OK) {
        return err == ERR_LIMIT ? ERR_LIMIT : ERR_MALFORMED;
    }
    v->learned |= 1u << q;
    return OK;
}
