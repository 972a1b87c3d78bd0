/* The one place where figures get their grade. */
#include "wallet/figure.h"

#include "base/check.h"
#include "evm/erc20.h"

#include <string.h>

static const char disputed[] = "servers_disagree";

const char *grade_name(enum grade g)
{
    switch (g) {
    case GRADE_PROVEN:   return "proven";
    case GRADE_AGREED:   return "agreed";
    case GRADE_REPORTED: return "reported";
    }
    return "reported";
}

enum grade grade_worse(enum grade a, enum grade b)
{
    return a < b ? a : b;
}

const char *anchor_name(enum anchor a)
{
    switch (a) {
    case ANCHOR_NONE:          return "none";
    case ANCHOR_HEADER_SOURCE: return "header_source";
    case ANCHOR_LIGHT_CLIENT:  return "light_client";
    }
    return "none";
}

MUST_CHECK static enum err
value_of(struct u256 *ret, const struct proven_account *p, const struct figure_claim *claim)
{
    switch (claim->part) {
    case FIGURE_BALANCE:  *ret = proven_account_state(p)->balance; return OK;
    case FIGURE_BASE_FEE: *ret = proven_account_block(p).base_fee; return OK;
    case FIGURE_NONCE:    *ret = u256_from_u64(proven_account_state(p)->nonce); return OK;
    case FIGURE_SLOT:     {
        uint8_t be[32];
        struct u256 value;
        TRY(proven_account_slot(&value, p, claim->slot));
        u256_to_be(be, value);
        for (size_t bit = claim->bits ? claim->bits : 256; bit < 256; bit++) {
            be[31 - bit / 8] &= (uint8_t)~(1U << bit % 8);
        }
        return u256_from_be(ret, SPAN_OF(be));
    }
    }
    return ERR_INTERNAL;
}

static const char complete_logs[] = "complete_logs";
static const char inclusion_only[] = "inclusion_only";

static const char *why_proven(const struct figure_kept *what)
{
    switch (what->ground) {
    case FIGURE_BY_LOG:      return inclusion_only;
    case FIGURE_BY_ALL_LOGS: return complete_logs;
    case FIGURE_BY_PROOF:    break;
    }
    return what->anchor == ANCHOR_LIGHT_CLIENT ? "merkle_proof" : "merkle_proof_trusted_block";
}

static struct figure proven(const struct figure_kept *what)
{
    return (struct figure){
        .only_figure_c = {.value = what->value,
                          .grade = GRADE_PROVEN,
                          .anchor = what->anchor,
                          .k = 1,
                          .n = 1,
                          .block = what->block,
                          .as_of_ms = what->as_of_ms,
                          .why = why_proven(what)}
    };
}

enum err
figure_prove(struct figure *ret, const struct proven_account *p, const struct figure_claim *claim)
{
    struct figure_kept what = {.anchor = claim->anchor,
                               .block = proven_account_block(p).number,
                               .as_of_ms = claim->as_of_ms};
    if (claim->anchor == ANCHOR_NONE) {
        return ERR_STATE;
    }
    TRY(value_of(&what.value, p, claim));
    *ret = proven(&what);
    return OK;
}

enum err figure_prove_fee(struct figure *ret,
                          const struct proven_inclusion *p,
                          const struct inclusion_of *what,
                          const struct figure_claim *claim)
{
    struct inclusion read;
    if (claim->anchor == ANCHOR_NONE) {
        return ERR_STATE;
    }
    TRY(inclusion_read(&read, p, what));
    *ret = proven(&(struct figure_kept){.value = read.fee,
                                        .anchor = claim->anchor,
                                        .block = proven_inclusion_block(p).number,
                                        .as_of_ms = claim->as_of_ms});
    return OK;
}

enum err figure_prove_transfer(struct figure *ret,
                               const struct proven_logs *p,
                               const struct figure_claim *claim)
{
    struct erc20_event event;
    const struct log_found *found = proven_logs_last(p);
    if (claim->anchor == ANCHOR_NONE) {
        return ERR_STATE;
    }
    if (!found || !erc20_event_decode(&event, &found->log)) {
        return ERR_NOT_FOUND;
    }
    *ret = proven(&(struct figure_kept){.value = event.amount,
                                        .anchor = claim->anchor,
                                        .block = found->block_number,
                                        .as_of_ms = claim->as_of_ms,
                                        .ground = FIGURE_BY_LOG});
    return OK;
}

void figure_complete(struct figure *f)
{
    check(figure_ground(f) == FIGURE_BY_LOG);
    f->only_figure_c.why = complete_logs;
}

struct figure figure_restore(const struct figure_kept *kept)
{
    const struct figure_said said = {.k = kept->k ? kept->k : 1,
                                     .n = kept->n ? kept->n : 1,
                                     .block = kept->block,
                                     .as_of_ms = kept->as_of_ms};
    return kept->anchor == ANCHOR_NONE ? figure_say(kept->value, &said) : proven(kept);
}

static const char *why_said(const struct figure_said *s)
{
    if (s->is_disputed) {
        return disputed;
    }
    if (s->is_own_node) {
        return "own_node";
    }
    if (s->is_middle) {
        return "middle";
    }
    if (s->k >= 2 && s->is_majority) {
        return "majority";
    }
    if (s->k >= 2) {
        return "quorum";
    }
    return s->is_local ? "local_network" : "one_server";
}

struct figure figure_say(struct u256 value, const struct figure_said *said)
{
    bool is_agreed = said->k >= 2 && !said->is_disputed && !said->is_middle && !said->is_own_node;
    return (struct figure){
        .only_figure_c = {.value = value,
                          .grade = is_agreed ? GRADE_AGREED : GRADE_REPORTED,
                          .k = said->k,
                          .n = said->n,
                          .block = said->block,
                          .as_of_ms = said->as_of_ms,
                          .why = why_said(said)}
    };
}

struct figure figure_own(struct u256 value, uint64_t as_of_ms)
{
    /* Nobody else's word: what was entered here is what is signed. */
    return (struct figure){
        .only_figure_c = {.value = value, .as_of_ms = as_of_ms, .why = "this_wallet"}
    };
}

struct u256 figure_value(const struct figure *f)
{
    return f->only_figure_c.value;
}

enum grade figure_grade(const struct figure *f)
{
    return f->only_figure_c.grade;
}

enum anchor figure_anchor(const struct figure *f)
{
    return f->only_figure_c.anchor;
}

const char *figure_why(const struct figure *f)
{
    return f->only_figure_c.why ? f->only_figure_c.why : "one_server";
}

uint8_t figure_k(const struct figure *f)
{
    return f->only_figure_c.k;
}

uint8_t figure_n(const struct figure *f)
{
    return f->only_figure_c.n;
}

uint64_t figure_block(const struct figure *f)
{
    return f->only_figure_c.block;
}

uint64_t figure_as_of_ms(const struct figure *f)
{
    return f->only_figure_c.as_of_ms;
}

bool figure_is_disputed(const struct figure *f)
{
    return strcmp(figure_why(f), disputed) == 0;
}

enum figure_ground figure_ground(const struct figure *f)
{
    const char *why = figure_why(f);
    if (strcmp(why, inclusion_only) == 0) {
        return FIGURE_BY_LOG;
    }
    return strcmp(why, complete_logs) == 0 ? FIGURE_BY_ALL_LOGS : FIGURE_BY_PROOF;
}
