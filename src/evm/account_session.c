/* Session keys of an account of version 2 (docs/account.md, "Session keys" and "Storage"). */
#include "evm/account_session.h"

#include "crypto/keccak.h"
#include "evm/abi.h"
#include "evm/deployments.h"

static const char add_signature[] =
    "addSession(uint160,bytes,uint48,(address,bytes4,address,uint256,uint256))";
static const char end_signature[] = "endSession(uint160)";

enum { KEY_LEN = 40, UNTIL_BITS = 48, ADD_WORDS = 8 };

/* The ERC-7201 root of "passmesh.account.sessions": sessions by id. */
static const uint8_t root[32] = {0xda, 0xce, 0xcd, 0x79, 0x6a, 0x3e, 0x6e, 0xf4, 0x44, 0x74, 0xf7,
                                 0xde, 0x5b, 0x24, 0x6e, 0xa0, 0x4f, 0x69, 0x38, 0xd6, 0xf1, 0xb5,
                                 0x81, 0x38, 0xaf, 0xac, 0x6f, 0xa2, 0x4f, 0xc4, 0x1f, 0x00};

/* Words of a session from its root: the signer, target with selector and end, recipient, amount, ether, head, policy's hash. */
static const uint8_t places[SESSION_PART_COUNT] = {1, 3, 4, 5};

static bool is_selector(const uint8_t selector[static 4], const char *signature)
{
    uint8_t of[ABI_SELECTOR_LEN];
    abi_selector(of, span_str(signature));
    return span_equal(SPAN_OF(of), span_of(selector, ABI_SELECTOR_LEN));
}

bool account_session_is_ether(const struct account_session *s)
{
    return span_equal(SPAN_OF(s->selector), SPAN_OF(((uint8_t[4]){0})));
}

bool account_session_is_token(const struct account_session *s)
{
    return is_selector(s->selector, "transfer(address,uint256)");
}

void account_session_transfer(uint8_t ret[static 4])
{
    abi_selector(ret, SPAN_LIT("transfer(address,uint256)"));
}

bool account_session_moves(const uint8_t selector[static 4])
{
    return is_selector(selector, "transfer(address,uint256)") ||
           is_selector(selector, "approve(address,uint256)");
}

static enum err begin(struct buf *out, const char *signature)
{
    uint8_t selector[ABI_SELECTOR_LEN];
    abi_selector(selector, span_str(signature));
    return buf_append(out, SPAN_OF(selector));
}

static struct address id_word(const uint8_t id[static ACCOUNT_SESSION_ID_LEN])
{
    struct address a; /* a uint160 has the form of an address */
    span_copy(MSPAN_OF(a.bytes), span_of(id, ACCOUNT_SESSION_ID_LEN));
    return a;
}

enum err account_session_add(struct buf *out, const struct account_session *s)
{
    uint8_t key[KEY_LEN];
    span_copy(mspan_of(key, 20), SPAN_OF(deployments.secp256k1_verifier.address.bytes));
    span_copy(mspan_of(key + 20, 20), SPAN_OF(s->key.bytes));
    TRY(begin(out, add_signature));
    struct abi_wr w = abi_wr_init(out, ADD_WORDS);
    abi_wr_address(&w, id_word(s->id));
    abi_wr_bytes(&w, SPAN_OF(key));
    abi_wr_u64(&w, s->valid_until);
    abi_wr_address(&w, s->target);
    abi_wr_fixed(&w, SPAN_OF(s->selector));
    abi_wr_address(&w, s->recipient);
    abi_wr_u256(&w, s->amount);
    abi_wr_u256(&w, s->ether);
    return abi_wr_end(&w);
}

enum err account_session_end(struct buf *out, const uint8_t id[static ACCOUNT_SESSION_ID_LEN])
{
    TRY(begin(out, end_signature));
    struct abi_wr w = abi_wr_init(out, 1);
    abi_wr_address(&w, id_word(id));
    return abi_wr_end(&w);
}

static bool is_call_of(struct span calldata, const char *signature)
{
    return calldata.n >= ABI_SELECTOR_LEN && is_selector(calldata.p, signature);
}

/* The key of a session behind the verifier of ordinary keys. */
static bool read_key(struct address *ret, struct span signer)
{
    if (signer.n != KEY_LEN ||
        !span_starts_with(signer, SPAN_OF(deployments.secp256k1_verifier.address.bytes))) {
        return false;
    }
    span_copy(MSPAN_OF(ret->bytes), span_from(signer, 20));
    return true;
}

enum err
account_session_read(enum session_call *ret_call, struct account_session *ret, struct span calldata)
{
    bool is_add = is_call_of(calldata, add_signature);
    if (!is_add && !is_call_of(calldata, end_signature)) {
        return ERR_NOT_FOUND;
    }
    struct abi_rd r = abi_rd_init(span_from(calldata, ABI_SELECTOR_LEN));
    struct account_session s = {0};
    struct span signer = {0};
    struct address id = abi_rd_address(&r);
    span_copy(MSPAN_OF(s.id), SPAN_OF(id.bytes));
    if (is_add) {
        signer = abi_rd_bytes(&r);
        s.valid_until = abi_rd_uint(&r, UNTIL_BITS);
        s.target = abi_rd_address(&r);
        abi_rd_fixed(&r, MSPAN_OF(s.selector));
        s.recipient = abi_rd_address(&r);
        s.amount = abi_rd_u256(&r);
        s.ether = abi_rd_u256(&r);
    }
    size_t words = is_add ? ADD_WORDS + 3 : 1; /* the key: its length and two words */
    if (!abi_rd_ok(&r) || calldata.n != ABI_SELECTOR_LEN + words * ABI_WORD_LEN ||
        (is_add && !read_key(&s.key, signer))) {
        return ERR_MALFORMED;
    }
    *ret_call = is_add ? SESSION_CALL_ADD : SESSION_CALL_END;
    *ret = s;
    return OK;
}

/* ---- storage ---- */

void account_session_slots(uint8_t ret[static SESSION_PART_COUNT][32],
                           const uint8_t id[static ACCOUNT_SESSION_ID_LEN])
{
    /* SPEC solidity §"Layout of State Variables in Storage": keccak256(h(k) . p). */
    uint8_t both[64] = {0};
    struct hash32 hash;
    struct u256 base = U256_ZERO;
    span_copy(mspan_of(both + 12, 20), span_of(id, ACCOUNT_SESSION_ID_LEN));
    span_copy(mspan_of(both + 32, 32), SPAN_OF(root));
    keccak256(&hash, SPAN_OF(both));
    enum err err = u256_from_be(&base, SPAN_OF(hash.bytes));
    for (size_t i = 0; i < SESSION_PART_COUNT; i++) {
        u256_to_be(ret[i], err == OK ? u256_add_sat(base, u256_from_u64(places[i])) : U256_ZERO);
    }
}

struct u256 account_session_terms(const struct account_session *s)
{
    uint8_t word[32] = {0};
    struct u256 n = U256_ZERO;
    for (size_t i = 0; i < 6; i++) {
        word[7 - i] = (uint8_t)(s->valid_until >> 8 * i);
    }
    span_copy(mspan_of(word + 8, 4), SPAN_OF(s->selector));
    span_copy(mspan_of(word + 12, 20), SPAN_OF(s->target.bytes));
    return u256_from_be(&n, SPAN_OF(word)) == OK ? n : U256_ZERO;
}
