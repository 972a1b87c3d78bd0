/* Reading a chain's state about one account: questions of Ethereum's JSON-RPC and their answers. */
#include "wallet/view.h"

#include "base/check.h"
#include "codec/base16.h"
#include "crypto/keccak.h"
#include "evm/abi.h"

/* The longest code that a chain can hold is 24,576 bytes (EIP-170); its hex is an answer's largest part. */
enum { CODE_LEN_MAX_ON_CHAIN = 24576, CALL_LEN_MAX = 512 };

/* RFC 6979 A.2.5, P-256 with SHA-256 and the message "sample": hash, r, s, x, y as the precompile takes them. */
static const char p256_vector[] =
    "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf"
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

/* SPEC eips/EIP-7951 §"Specification": the precompile stands at 0x100. */
static const struct address p256_precompile = {{[18] = 0x01}};

static void put_block(struct json_writer *j, uint64_t block)
{
    char text[U256_TEXT_LEN];
    (void)u256_print_hex(text, u256_from_u64(block));
    json_put_str(j, text);
}

static void put_address(struct json_writer *j, struct address a)
{
    json_put_hex(j, SPAN_OF(a.bytes));
}

static void put_call(struct json_writer *j, struct address to, struct span data, uint64_t block)
{
    json_put_object(j);
    json_put_name(j, "to");
    put_address(j, to);
    json_put_name(j, "data");
    json_put_hex(j, data);
    json_end_object(j);
    put_block(j, block);
}

/* A view function that takes one address (and, for getNonce, a key of 0 behind it). */
static void put_call_of_address(struct json_writer *j,
                                struct address to,
                                struct span signature,
                                size_t words,
                                const struct view_subject *s)
{
    uint8_t data[ABI_SELECTOR_LEN + 2 * ABI_WORD_LEN] = {0};
    abi_selector(data, signature);
    span_copy(mspan_of(data + ABI_SELECTOR_LEN + 12, 20), SPAN_OF(s->account.bytes));
    put_call(j, to, span_of(data, ABI_SELECTOR_LEN + words * ABI_WORD_LEN), s->block);
}

static void put_p256_call(struct json_writer *j, uint64_t block)
{
    uint8_t data[160];
    enum err err =
        base16_decode_fixed(MSPAN_OF(data), span_of(p256_vector, sizeof p256_vector - 1));
    check(err == OK);
    put_call(j, p256_precompile, SPAN_OF(data), block);
}

static const char *put_question(struct json_writer *j, unsigned q, const struct view_subject *s)
{
    const struct network *n = s->network;
    switch (q) {
    case VIEW_BLOCK:
        json_put_str(j, "latest");
        json_put_bool(j, false);
        return "eth_getBlockByNumber";
    case VIEW_PRIORITY_FEE: return "eth_maxPriorityFeePerGas";
    case VIEW_BALANCE:
        put_address(j, s->account);
        put_block(j, s->block);
        return "eth_getBalance";
    case VIEW_DEPOSIT:
        put_call_of_address(j, n->entry_point, SPAN_LIT("balanceOf(address)"), 1, s);
        return "eth_call";
    case VIEW_NONCE:
        put_call_of_address(j, n->entry_point, SPAN_LIT("getNonce(address,uint192)"), 2, s);
        return "eth_call";
    case VIEW_CODE:
        put_address(j, s->account);
        put_block(j, s->block);
        return "eth_getCode";
    case VIEW_FACTORY_CODE:
    case VIEW_VERIFIER_CODE:
        put_address(j, q == VIEW_FACTORY_CODE ? n->factory : n->verifier);
        put_block(j, s->block);
        return "eth_getCode";
    case VIEW_P256: put_p256_call(j, s->block); return "eth_call";
    default:
        check(q - VIEW_TOKEN < n->token_count);
        put_call_of_address(j, n->tokens[q - VIEW_TOKEN].address, SPAN_LIT("balanceOf(address)"), 1,
                            s);
        return "eth_call";
    }
}

enum err
view_ask(struct buf *out, const char **ret_method, unsigned q, const struct view_subject *subject)
{
    struct wr w = wr_init_buf(out);
    struct json_writer j = json_writer_init(&w);
    json_put_array(&j);
    *ret_method = put_question(&j, q, subject);
    json_end_array(&j);
    return json_writer_end(&j);
}

enum err view_quantity(struct u256 *ret, struct json v)
{
    struct span text;
    TRY(json_get_plain(&text, v));
    /* SPEC execution-apis §"Hex Value Encoding": quantities have no leading zeros. */
    if (text.n > 3 && text.p[2] == '0') {
        return ERR_MALFORMED;
    }
    return u256_parse_hex(ret, text) == OK ? OK : ERR_MALFORMED;
}

enum err view_quantity_u64(uint64_t *ret, struct json v)
{
    struct u256 wide;
    TRY(view_quantity(&wide, v));
    return u256_to_u64(ret, wide) == OK ? OK : ERR_MALFORMED;
}

static enum err find_quantity(struct u256 *ret, struct json object, const char *name)
{
    struct json v;
    if (!json_find(&v, object, name)) {
        return ERR_MALFORMED;
    }
    return view_quantity(ret, v);
}

static enum err learn_block(struct view *v, struct json result)
{
    struct u256 number;
    struct u256 time;
    struct u256 base_fee = U256_ZERO;
    TRY(find_quantity(&number, result, "number"));
    TRY(find_quantity(&time, result, "timestamp"));
    struct json fee;
    if (json_find(&fee, result, "baseFeePerGas")) {
        TRY(view_quantity(&base_fee, fee));
    }
    uint64_t block;
    uint64_t seconds;
    if (u256_to_u64(&block, number) != OK || u256_to_u64(&seconds, time) != OK ||
        seconds > UINT64_MAX / 1000 || u256_bit_len(base_fee) > 96) {
        return ERR_MALFORMED;
    }
    v->block = block;
    v->block_ms = seconds * 1000;
    v->base_fee = base_fee;
    return OK;
}

/* The result of a call that returns one word. */
static enum err word_of(struct u256 *ret, struct json result)
{
    struct span text;
    TRY(json_get_plain(&text, result));
    uint8_t word[ABI_WORD_LEN];
    TRY(base16_decode_fixed_0x(MSPAN_OF(word), text));
    return u256_from_be(ret, SPAN_OF(word));
}

/* Code is told apart by its hash, piece by piece, so that no buffer of its size is needed. */
static enum err code_of(size_t *ret_len, struct hash32 *ret_hash, struct json result)
{
    struct span text;
    TRY(json_get_plain(&text, result));
    if (!span_starts_with(text, SPAN_LIT("0x")) || text.n % 2 != 0 ||
        text.n > 2 + 2 * CODE_LEN_MAX_ON_CHAIN) {
        return ERR_MALFORMED;
    }
    text = span_from(text, 2);
    *ret_len = text.n / 2;
    struct keccak256 k;
    keccak256_init(&k);
    while (text.n > 0) {
        uint8_t piece[256];
        struct wr w = wr_init(MSPAN_OF(piece));
        TRY(base16_decode(&w, span_take(&text, 2 * sizeof piece)));
        keccak256_add(&k, span_of(piece, w.n));
    }
    keccak256_end(&k, ret_hash);
    return OK;
}

static enum err
learn_contract(struct view *v, struct json result, const uint8_t expected[static 32])
{
    size_t len = 0;
    struct hash32 hash = {0};
    TRY(code_of(&len, &hash, result));
    bool ours = len > 0 && span_equal(SPAN_OF(hash.bytes), span_of(expected, 32));
    if (!ours) {
        v->contracts = CONTRACTS_MISSING;
    } else if (v->contracts == CONTRACTS_UNKNOWN) {
        v->contracts = CONTRACTS_READY;
    }
    return OK;
}

static enum err learn_code(struct view *v, struct json result)
{
    size_t len = 0;
    struct hash32 hash = {0};
    TRY(code_of(&len, &hash, result));
    v->is_deployed = len > 0;
    return OK;
}

static enum err learn_p256(struct view *v, struct json result)
{
    struct span text;
    TRY(json_get_plain(&text, result));
    struct u256 word = U256_ZERO;
    /* SPEC eips/EIP-7951 §"Specification": 1 for a valid signature, and no output at all otherwise. */
    v->has_p256 = word_of(&word, result) == OK && u256_equal(word, u256_from_u64(1));
    return OK;
}

enum err
view_learn(struct view *v, unsigned q, struct json result, const struct view_subject *subject)
{
    switch (q) {
    case VIEW_BLOCK: return learn_block(v, result);
    case VIEW_PRIORITY_FEE:
        TRY(view_quantity(&v->priority_fee, result));
        return u256_bit_len(v->priority_fee) > 96 ? ERR_MALFORMED : OK;
    case VIEW_BALANCE:       return view_quantity(&v->balance, result);
    case VIEW_DEPOSIT:       return word_of(&v->deposit, result);
    case VIEW_NONCE:         return word_of(&v->nonce, result);
    case VIEW_CODE:          return learn_code(v, result);
    case VIEW_FACTORY_CODE:  return learn_contract(v, result, subject->network->factory_code_hash);
    case VIEW_VERIFIER_CODE: return learn_contract(v, result, subject->network->verifier_code_hash);
    case VIEW_P256:          return learn_p256(v, result);
    default:
        check(q - VIEW_TOKEN < subject->network->token_count);
        return word_of(&v->tokens[q - VIEW_TOKEN], result);
    }
}
