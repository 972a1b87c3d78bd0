/* The bundler in the hands of its node and its own disk: every answer is taken from the input, and so is the record that it
 * begins with. Whatever they say, it does not abort, and gives all memory back. */
#include "base/check.h"
#include "base/wr.h"
#include "service/bundler.h"

#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "evm/abi.h"
#include "evm/tx.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct address self = {
    {0x9d, 0x8a, 0x62, 0xf6, 0x56, 0xa8, 0xd1, 0x61, 0x5c, 0x12,
     0x94, 0xfd, 0x71, 0xe9, 0xcf, 0xb3, 0xe4, 0x85, 0x5a, 0x4f}
};

static enum err
sign(struct bundler_signer *s, struct secp256k1_signature *ret_sig, struct span unsigned_tx)
{
    (void)s;
    struct hash32 hash;
    keccak256(&hash, unsigned_tx);
    struct secret32 key;
    memset(key.bytes, 0x46, sizeof key.bytes);
    return secp256k1_sign(ret_sig, &key, &hash);
}

static enum err put(struct bundler_store *s, const struct hash32 *key, struct span record)
{
    (void)s;
    (void)key;
    check(record.n <= BUNDLER_RECORD_LEN_MAX);
    return OK;
}

static void remove_record(struct bundler_store *s, const struct hash32 *key)
{
    (void)s;
    (void)key;
}

static void write_op(struct budget *budget, struct buf *out)
{
    static const uint8_t owner[116] = {0x33};
    struct buf sig;
    buf_init(&sig, budget, 1024);
    struct abi_wr w = abi_wr_init(&sig, 2);
    abi_wr_array_begin(&w, 1, 1);
    abi_wr_bytes(&w, SPAN_OF(owner));
    abi_wr_close(&w);
    abi_wr_array_begin(&w, 0, 0);
    abi_wr_close(&w);
    check(abi_wr_end(&w) == OK);
    struct userop op = {.verification_gas_limit = u256_from_u64(200000),
                        .call_gas_limit = u256_from_u64(100000),
                        .pre_verification_gas = u256_from_u64(80000),
                        .max_fee_per_gas = u256_from_u64(5000),
                        .signature = buf_span(&sig)};
    check(userop_encode(&op, out) == OK);
    buf_done(&sig);
}

/* answer_make puts a JSON-RPC envelope of the right id around a line of the input, so that answers get past it. */
static void answer_make(struct buf *out, uint64_t token, struct span line)
{
    struct wr w = wr_init_buf(out);
    char digits[U256_TEXT_LEN];
    size_t n = u256_print_decimal(digits, u256_from_u64(token));
    wr_str(&w, "{\"jsonrpc\":\"2.0\",\"id\":");
    wr_bytes(&w, span_of(digits, n));
    wr_str(&w, ",");
    wr_bytes(&w, line);
    wr_str(&w, "}");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bundler b;
    static const struct bundler_known known[3] = {
        {.role = BUNDLER_VERIFIER, .address = {{0x33}}},
        {.role = BUNDLER_IMPLEMENTATION, .address = {{0x22}}},
        {.role = BUNDLER_PROXY},
    };
    struct bundler_signer signer = {.sign = sign};
    struct bundler_store store = {.put = put, .remove = remove_record};
    struct budget budget;
    budget_init(&budget, NULL, "fuzz", 16 << 20);
    struct bundler_cfg cfg = {.budget = &budget,
                              .chain_id = 1,
                              .entry_point = userop_entry_point_08,
                              .self = self,
                              .known = known,
                              .known_count = 3,
                              .signer = &signer,
                              .store = &store,
                              .limits = bundler_limits_default()};
    cfg.limits.ops_max = 2;
    check(bundler_init(&b, &cfg) == OK);
    for (size_t i = 0; i < 3; i++) {
        b.known_checked[i] = i < 2; /* hashes cannot be found by chance: begin behind them */
    }
    struct span in = span_of(data, size);
    instant now = {.us = 1000};
    struct service_head head = {.number = 100, .base_fee_per_gas = u256_from_u64(1000)};
    bundler_head(&b, &head, now);
    (void)!bundler_restore(&b, in, now);
    struct buf op;
    struct buf answer;
    buf_init(&op, &budget, 8192);
    buf_init(&answer, &budget, 1 << 20);
    write_op(&budget, &op);
    struct bundler_submission s = {
        .entry_point = userop_entry_point_08, .userop = buf_span(&op), .waiter = 1};
    struct hash32 hash;
    const char *why;
    check(bundler_submit(&b, &hash, &why, &s, now) == SERVICE_OK);
    b.ops[0].step = BUNDLER_SIMULATE;
    for (unsigned i = 0; i < 60 && in.n > 0; i++) {
        struct bundler_event e;
        if (!bundler_poll(&b, &e, now)) {
            now = instant_add(now, 500 * US_PER_MS);
            head.number++;
            continue;
        }
        if (e.kind == BUNDLER_ASK) {
            size_t n = span_find(in, '\n');
            buf_clear(&answer);
            answer_make(&answer, e.token, span_first(in, n));
            bundler_answer(&b, e.token, buf_span(&answer), now);
            in = span_from(in, n + 1);
            bundler_head(&b, &head, now);
        }
    }
    bundler_done(&b);
    buf_done(&op);
    buf_done(&answer);
    budget_done(&budget);
    return 0;
}
