/* Handlers about the owners of an account, and its version. */
#include "node/api/api_methods.h"

enum api_done api_do_owner_add_begin(struct api_call *c)
{
    struct owner_begin_args args = {.account = api_param_id(c, "account_id"),
                                    .resume = api_param_id(c, "resume")};
    struct ceremony e;
    if (wallet_owner_begin(c->w.wallet, c->t, &args, &e, &c->why) != OK) {
        return API_REFUSED;
    }
    return api_answer_ceremony(c, &e);
}

enum api_done api_do_owner_add_finish(struct api_call *c)
{
    uint8_t room[256];
    const struct account *a = NULL;
    AUTO(buf_done) struct buf bytes;
    buf_init(&bytes, &c->api->budget, CEREMONY_BYTES_MAX);
    struct enroll_answer args = {.passkey_name = api_param_text(c, "passkey_name", MSPAN_OF(room))};
    if (!api_read_enroll_answer(c, &bytes, &args)) {
        return api_broken_answer(c);
    }
    if (wallet_owner_finish(c->w.wallet, c->t, &args, &a, &c->why) != OK) {
        return API_REFUSED;
    }
    api_write_account(&c->w, a);
    return API_DONE;
}

static enum api_done done_account(struct api_call *c, enum err err)
{
    if (err != OK) {
        return API_REFUSED;
    }
    api_write_account(&c->w, wallet_account(c->w.wallet, api_param_id(c, "account_id")));
    return API_DONE;
}

enum api_done api_do_owner_rename(struct api_call *c)
{
    uint8_t room[256];
    struct span name = api_param_text(c, "name", MSPAN_OF(room));
    return done_account(c, wallet_owner_rename(c->w.wallet, api_param_id(c, "account_id"),
                                               api_param_id(c, "owner_id"), name, &c->why));
}

enum api_done api_do_owner_forget(struct api_call *c)
{
    return done_account(c, wallet_owner_forget(c->w.wallet, api_param_id(c, "account_id"),
                                               api_param_id(c, "owner_id"), &c->why));
}

struct own_call api_own_call(const struct api_call *c)
{
    return (struct own_call){.account = api_param_id(c, "account_id"),
                             .network = api_param_id(c, "network_id"),
                             .speed = api_param_is(c, "speed", "fast") ? FEE_FAST : FEE_NORMAL,
                             .by_command_line = c->caller.way == API_WAY_LOCAL};
}

static enum owner_wish wish_of(struct api_call *c)
{
    if (api_param_is(c, "what", "remove")) {
        return OWNER_WISH_REMOVE;
    }
    if (api_param_is(c, "what", "apply")) {
        return OWNER_WISH_APPLY;
    }
    return api_param_is(c, "what", "veto") ? OWNER_WISH_VETO : OWNER_WISH_ADD;
}

enum api_done api_do_owner_prepare(struct api_call *c)
{
    struct owner_args args = {
        .own = api_own_call(c), .owner = api_param_id(c, "owner_id"), .what = wish_of(c)};
    uint64_t task;
    if (wallet_owner_prepare(c->w.wallet, c->t, &args, &task, &c->why) != OK) {
        return API_REFUSED;
    }
    return api_wait_for_task(c, task);
}

static enum upgrade_wish upgrade_wish_of(struct api_call *c)
{
    if (api_param_is(c, "what", "apply")) {
        return UPGRADE_WISH_APPLY;
    }
    return api_param_is(c, "what", "veto") ? UPGRADE_WISH_VETO : UPGRADE_WISH_BEGIN;
}

enum api_done api_do_upgrade_prepare(struct api_call *c)
{
    struct upgrade_args args = {.own = api_own_call(c), .what = upgrade_wish_of(c)};
    uint64_t task;
    if (wallet_upgrade_prepare(c->w.wallet, c->t, &args, &task, &c->why) != OK) {
        return API_REFUSED;
    }
    return api_wait_for_task(c, task);
}

static enum threshold_wish threshold_wish_of(struct api_call *c)
{
    if (api_param_is(c, "what", "apply")) {
        return THRESHOLD_WISH_APPLY;
    }
    return api_param_is(c, "what", "veto") ? THRESHOLD_WISH_VETO : THRESHOLD_WISH_BEGIN;
}

/* 0 is no threshold, and refused as one. */
static uint32_t threshold_of(struct api_call *c)
{
    struct u256 wide;
    uint64_t n = 0;
    bool is_small = u256_parse_decimal(&wide, api_param_plain(c, "threshold")) == OK &&
                    u256_to_u64(&n, wide) == OK && n <= OWNER_COUNT_MAX;
    return is_small ? (uint32_t)n : OWNER_COUNT_MAX + 1;
}

enum api_done api_do_threshold_prepare(struct api_call *c)
{
    struct threshold_args args = {
        .own = api_own_call(c), .what = threshold_wish_of(c), .threshold = threshold_of(c)};
    uint64_t task;
    if (wallet_threshold_prepare(c->w.wallet, c->t, &args, &task, &c->why) != OK) {
        return API_REFUSED;
    }
    return api_wait_for_task(c, task);
}
