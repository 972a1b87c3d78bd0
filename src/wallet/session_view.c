/* Reading the session keys of an account from a chain. */
#include "wallet/session_view.h"

#include "base/check.h"
#include "codec/base16.h"
#include "evm/abi.h"

static_assert(SESSION_SLOTS_MAX <= 32, "a bit for each word");

void session_view_add(struct session_view *v, const uint8_t id[static ACCOUNT_SESSION_ID_LEN])
{
    if (v->count < ACCOUNT_SESSION_COUNT_MAX) {
        span_copy(MSPAN_OF(v->ids[v->count]), span_of(id, ACCOUNT_SESSION_ID_LEN));
        v->count++;
    }
}

static bool is_whole(const struct session_view *v, size_t i)
{
    const uint32_t all = (UINT32_C(1) << SESSION_PART_COUNT) - 1;
    return (v->learned >> i * SESSION_PART_COUNT & all) == all;
}

const struct figure *session_view_find(const struct session_view *v,
                                       const uint8_t id[static ACCOUNT_SESSION_ID_LEN])
{
    for (size_t i = 0; i < v->count; i++) {
        if (span_equal(SPAN_OF(v->ids[i]), span_of(id, ACCOUNT_SESSION_ID_LEN))) {
            return is_whole(v, i) ? v->of[i] : NULL;
        }
    }
    return NULL;
}

void session_view_slot(uint8_t ret[static 32], const struct session_view *v, unsigned q)
{
    uint8_t slots[SESSION_PART_COUNT][32];
    check(q < v->count * SESSION_PART_COUNT);
    account_session_slots(slots, v->ids[q / SESSION_PART_COUNT]);
    span_copy(mspan_of(ret, 32), SPAN_OF(slots[q % SESSION_PART_COUNT]));
}

size_t session_view_slots(uint8_t ret[static SESSION_SLOTS_MAX][32], const struct session_view *v)
{
    for (size_t i = 0; i < v->count; i++) {
        account_session_slots(&ret[i * SESSION_PART_COUNT], v->ids[i]);
    }
    return v->count * SESSION_PART_COUNT;
}

static void note(struct session_view *v, unsigned q, const struct figure *f)
{
    v->of[q / SESSION_PART_COUNT][q % SESSION_PART_COUNT] = *f;
    v->learned |= UINT32_C(1) << q;
}

enum err session_view_learn(struct session_view *v,
                            unsigned q,
                            struct json result,
                            const struct figure_said *said)
{
    uint8_t word[ABI_WORD_LEN];
    struct span text;
    struct u256 value;
    check(q < v->count * SESSION_PART_COUNT);
    TRY(json_get_plain(&text, result));
    TRY(base16_decode_fixed_0x(MSPAN_OF(word), text));
    TRY(u256_from_be(&value, SPAN_OF(word)));
    const struct figure f = figure_say(value, said);
    note(v, q, &f);
    return OK;
}

enum err session_view_prove(struct session_view *v,
                            const struct proven_account *p,
                            struct figure_claim claim)
{
    uint8_t slots[SESSION_SLOTS_MAX][32];
    size_t count = session_view_slots(slots, v);
    claim.part = FIGURE_SLOT;
    for (unsigned q = 0; q < count; q++) {
        struct figure f;
        claim.slot = slots[q];
        TRY(figure_prove(&f, p, &claim));
        note(v, q, &f);
    }
    return OK;
}
