/* Answers cases for the comparison with another implementation: one case a line on stdin, its words parted
 * by a tab, one answer a line on stdout. An answer starts with "!" if the library refused. A test
 * program: it may use stdio. */
#include "base/budget.h"
#include "base/buf.h"
#include "base/check.h"
#include "codec/base16.h"
#include "codec/json.h"
#include "crypto/backend.h"
#include "crypto/keccak.h"
#include "evm/abi.h"
#include "evm/address.h"
#include "evm/bip32.h"
#include "evm/bip39.h"
#include "evm/eip191.h"
#include "evm/eip712.h"
#include "evm/keystore.h"
#include "evm/revert.h"
#include "evm/rlp.h"
#include "evm/tx.h"
#include "evm/u256.h"
#include "evm/userop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 6, LEN_MAX = 1 << 20 };

struct job {
    struct span words[WORDS_MAX];
    size_t words_count;
    struct buf in;      /* bytes of a hexadecimal word */
    struct buf scratch; /* of the library */
    struct buf bytes;   /* a result */
    struct buf text;    /* the answer */
};

static void say(struct job *j, struct span text)
{
    check(buf_append(&j->text, text) == OK);
}

static void say_hex(struct job *j, struct span bytes)
{
    struct wr w = wr_init_buf(&j->text);
    base16_encode_0x(&w, bytes);
    check(wr_ok(&w));
}

static void say_number(struct job *j, struct u256 v)
{
    char text[U256_TEXT_LEN];
    size_t n = u256_print_decimal(text, v);
    say(j, span_of(text, n));
}

static void say_u64(struct job *j, uint64_t v)
{
    say_number(j, u256_from_u64(v));
}

static void say_address(struct job *j, struct address a)
{
    char text[ADDRESS_TEXT_LEN];
    address_print(text, a);
    say(j, span_str(text));
}

/* hex_read decodes word i, which begins with 0x, into j->in. */
MUST_CHECK static enum err hex_read(struct job *j, struct span *ret, size_t i)
{
    buf_clear(&j->in);
    struct wr w = wr_init_buf(&j->in);
    TRY(base16_decode_0x(&w, j->words[i]));
    *ret = buf_span(&j->in);
    return OK;
}

static enum err run_arithmetic(struct job *j)
{
    struct u256 a;
    struct u256 b;
    struct u256 r;
    TRY(u256_parse_decimal(&a, j->words[1]));
    TRY(u256_parse_hex(&b, j->words[3]));
    struct u256_quotient q;
    switch (j->words[2].p[0]) {
    case '+': TRY(u256_add(&r, a, b)); break;
    case '-': TRY(u256_sub(&r, a, b)); break;
    case '*': TRY(u256_mul(&r, a, b)); break;
    case '/':
        TRY(u256_divmod(&q, a, b));
        say_number(j, q.quotient);
        say(j, SPAN_LIT(" "));
        r = q.remainder;
        break;
    default: return ERR_UNSUPPORTED;
    }
    say_number(j, r);
    return OK;
}

MUST_CHECK static enum err decimals_read(struct job *j, unsigned *ret)
{
    struct u256 v;
    TRY(u256_parse_decimal(&v, j->words[2]));
    *ret = (unsigned)v.w[0];
    return OK;
}

static enum err run_units_parse(struct job *j)
{
    unsigned decimals = 0;
    struct u256 v;
    TRY(decimals_read(j, &decimals));
    TRY(u256_parse_units(&v, j->words[1], decimals));
    say_number(j, v);
    return OK;
}

static enum err run_units_print(struct job *j)
{
    unsigned decimals = 0;
    struct u256 v;
    TRY(decimals_read(j, &decimals));
    TRY(u256_parse_decimal(&v, j->words[1]));
    char text[U256_TEXT_LEN];
    size_t n = u256_print_units(text, v, decimals);
    say(j, span_of(text, n));
    return OK;
}

static enum err run_checksum(struct job *j)
{
    struct address a;
    enum address_checksum sum;
    TRY(address_parse(&a, &sum, j->words[1]));
    say_address(j, a);
    say(j, sum == ADDRESS_CHECKSUM_VALID  ? SPAN_LIT(" valid")
           : sum == ADDRESS_CHECKSUM_NONE ? SPAN_LIT(" none")
                                          : SPAN_LIT(" wrong"));
    return OK;
}

static void rlp_of_json(struct job *j, struct rlp_wr *w, struct json v)
{
    if (v.type == JSON_ARRAY) {
        rlp_wr_list_begin(w);
        struct json_iter it = json_iterate(v);
        struct json e;
        while (json_next(&it, NULL, &e)) {
            rlp_of_json(j, w, e);
        }
        rlp_wr_list_end(w);
        return;
    }
    struct span text;
    check(json_get_plain(&text, v) == OK);
    buf_clear(&j->in);
    struct wr hex = wr_init_buf(&j->in);
    check(base16_decode_0x(&hex, text) == OK);
    rlp_wr_bytes(w, buf_span(&j->in));
}

static enum err run_rlp(struct job *j)
{
    struct json v;
    TRY(json_parse(&v, j->words[1], NULL));
    struct rlp_wr w = rlp_wr_init(&j->bytes);
    rlp_of_json(j, &w, v);
    TRY(rlp_wr_end(&w));
    TRY(rlp_check(buf_span(&j->bytes), RLP_DEPTH_MAX));
    say_hex(j, buf_span(&j->bytes));
    return OK;
}

static void rlp_print(struct job *j, struct rlp_item item)
{
    if (!item.is_list) {
        say(j, SPAN_LIT("\""));
        say_hex(j, item.payload);
        say(j, SPAN_LIT("\""));
        return;
    }
    say(j, SPAN_LIT("["));
    struct span rest = item.payload;
    for (bool is_first = true; rest.n > 0; is_first = false) {
        struct rlp_item inner;
        check(rlp_next(&inner, &rest) == OK);
        say(j, is_first ? SPAN_EMPTY : SPAN_LIT(","));
        rlp_print(j, inner);
    }
    say(j, SPAN_LIT("]"));
}

static enum err run_rlp_decode(struct job *j)
{
    struct span in;
    struct rlp_item item;
    TRY(hex_read(j, &in, 1));
    TRY(rlp_check(in, RLP_DEPTH_MAX));
    TRY(rlp_next(&item, &in));
    rlp_print(j, item);
    return OK;
}

static enum err run_tx(struct job *j)
{
    struct span raw;
    struct tx tx;
    TRY(hex_read(j, &raw, 1));
    TRY(tx_decode(&tx, raw));
    TRY(tx_encode(&tx, &j->bytes));
    check(span_equal(raw, buf_span(&j->bytes)));
    struct hash32 h;
    TRY(tx_signing_hash(&h, &tx, &j->scratch));
    say_hex(j, SPAN_OF(h.bytes));
    tx_hash(&h, raw);
    say(j, SPAN_LIT(" "));
    say_hex(j, SPAN_OF(h.bytes));
    struct address sender;
    TRY(tx_sender(&sender, &tx, &j->scratch));
    say(j, SPAN_LIT(" "));
    say_address(j, sender);
    const struct u256 numbers[] = {
        u256_from_u64((uint64_t)tx.type),
        u256_from_u64(tx.chain_id),
        u256_from_u64(tx.nonce),
        tx.max_fee_per_gas,
        tx.max_priority_fee_per_gas,
        u256_from_u64(tx.gas_limit),
        tx.value,
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        say(j, SPAN_LIT(" "));
        say_number(j, numbers[i]);
    }
    say(j, SPAN_LIT(" "));
    say_hex(j, tx.data);
    say(j, SPAN_LIT(" "));
    say_hex(j, tx.has_to ? SPAN_OF(tx.to.bytes) : SPAN_EMPTY);
    struct tx_access access;
    uint64_t slots = 0;
    while (tx_access_next(&access, &tx.access_list) == OK) {
        slots += 1 + access.slots_count;
    }
    say(j, SPAN_LIT(" "));
    say_u64(j, slots);
    struct tx_authorization auth;
    while (tx_authorization_next(&auth, &tx.authorizations) == OK) {
        struct address authority;
        TRY(tx_authorization_authority(&authority, &auth));
        say(j, SPAN_LIT(" "));
        say_address(j, authority);
    }
    return OK;
}

static enum err run_eip712(struct job *j)
{
    struct json v;
    struct diag why = {0};
    struct eip712_hashes h;
    TRY(json_parse(&v, j->words[1], &why));
    enum err e = eip712_hash(&h, v, &j->scratch, &why);
    if (e != OK) {
        say(j, span_str(why.rule ? why.rule : "no reason"));
        return e;
    }
    say_hex(j, SPAN_OF(h.digest.bytes));
    say(j, SPAN_LIT(" "));
    say_hex(j, SPAN_OF(h.domain_separator.bytes));
    return OK;
}

/* userop CHAIN_ID BENEFICIARY ABI_OF_THE_OPERATION */
static enum err run_userop(struct job *j)
{
    struct userop op;
    struct span in;
    struct address beneficiary;
    enum address_checksum sum;
    struct userop_domain domain = {.entry_point = userop_entry_point_08};
    TRY(u256_parse_decimal(&domain.chain_id, j->words[1]));
    TRY(address_parse(&beneficiary, &sum, j->words[2]));
    TRY(hex_read(j, &in, 3));
    TRY(userop_decode(&op, in));
    TRY(userop_encode(&op, &j->bytes));
    check(span_equal(in, buf_span(&j->bytes)));
    struct hash32 h;
    TRY(userop_hash(&h, &op, &domain));
    say_hex(j, SPAN_OF(h.bytes));
    say(j, SPAN_LIT(" "));
    say_number(j, userop_fee_max(&op));
    buf_clear(&j->bytes);
    TRY(userop_encode_handle_ops(&op, beneficiary, &j->bytes));
    say(j, SPAN_LIT(" "));
    keccak256(&h, buf_span(&j->bytes));
    say_hex(j, SPAN_OF(h.bytes));
    struct userop back;
    struct address to;
    TRY(userop_decode_handle_ops(&back, &to, buf_span(&j->bytes)));
    check(address_equal(to, beneficiary));
    check(span_equal(back.signature, op.signature));
    return OK;
}

static enum err run_create2(struct job *j)
{
    struct create2_input in;
    struct span bytes;
    TRY(base16_decode_fixed_0x(MSPAN_OF(in.deployer.bytes), j->words[1]));
    TRY(base16_decode_fixed_0x(MSPAN_OF(in.salt), j->words[2]));
    TRY(hex_read(j, &bytes, 3));
    keccak256(&in.init_code_hash, bytes);
    say_address(j, address_create2(&in));
    struct u256 nonce;
    TRY(u256_parse_decimal(&nonce, j->words[4]));
    say(j, SPAN_LIT(" "));
    say_address(j, address_create(in.deployer, nonce.w[0]));
    return OK;
}

static enum err run_selector(struct job *j)
{
    uint8_t selector[ABI_SELECTOR_LEN];
    abi_selector(selector, j->words[1]);
    say_hex(j, SPAN_OF(selector));
    return OK;
}

static enum err run_revert(struct job *j)
{
    struct span in;
    TRY(hex_read(j, &in, 1));
    struct revert rv = revert_decode(in);
    say_u64(j, (uint64_t)rv.kind);
    say(j, SPAN_LIT(" "));
    say_number(j, rv.code);
    say(j, SPAN_LIT(" "));
    say_hex(j, rv.reason);
    say(j, SPAN_LIT(" "));
    say_hex(j, rv.inner);
    return OK;
}

enum err abi_cases_run(struct span types, struct span values, struct buf *in, struct buf *out);

static enum err run_abi(struct job *j)
{
    TRY(abi_cases_run(j->words[1], j->words[2], &j->in, &j->bytes));
    say_hex(j, buf_span(&j->bytes));
    return OK;
}

/* phrase <language number> <entropy> <passphrase> <path>: the phrase, its seed, the extended keys and the account of the path. */
static enum err say_account(struct job *j, struct span seed, struct span path_text)
{
    struct bip32_path path;
    struct bip32_key key;
    struct bip32_public public_key;
    char text[BIP32_TEXT_MAX];
    TRY(bip32_path_parse(&path, path_text));
    TRY(bip32_derive_path(&key, seed, &path));
    TRY(bip32_public_of(&public_key, &key));
    TRY(bip32_print(text, &key));
    say(j, SPAN_LIT(" "));
    say(j, span_str(text));
    bip32_public_print(text, &public_key);
    say(j, SPAN_LIT(" "));
    say(j, span_str(text));
    say(j, SPAN_LIT(" "));
    say_address(j, address_of_public_key(public_key.key.xy));
    return OK;
}

static enum err run_phrase(struct job *j)
{
    struct bip39_entropy e = {.n = 0};
    struct bip39_entropy back = {.n = 0};
    struct secret64 seed;
    struct u256 language;
    struct span entropy;
    struct buf phrase;
    TRY(u256_parse_decimal(&language, j->words[1]));
    TRY(hex_read(j, &entropy, 2));
    e.language = (enum bip39_language)language.w[0];
    e.n = span_copy(MSPAN_OF(e.bytes), entropy);
    buf_init_secret(&phrase, j->text.budget, BIP39_PHRASE_MAX);
    enum err err = bip39_print(&phrase, &e);
    err = err == OK ? bip39_parse(&back, j->text.budget, buf_span(&phrase), NULL) : err;
    err = err == OK ? bip39_seed(&seed, j->text.budget, buf_span(&phrase), j->words[3]) : err;
    say(j, buf_span(&phrase));
    buf_done(&phrase);
    TRY(err);
    say(j, SPAN_LIT(" "));
    say_hex(j, SPAN_OF(seed.bytes));
    return say_account(j, SPAN_OF(seed.bytes), j->words[4]);
}

/* message <bytes>: the hash of a signed message. */
static enum err run_message(struct job *j)
{
    struct span message;
    struct hash32 hash;
    TRY(hex_read(j, &message, 1));
    eip191_hash(&hash, message);
    say_hex(j, SPAN_OF(hash.bytes));
    return OK;
}

/* keyfile <JSON> <password>: the secret in it. */
static enum err run_keyfile(struct job *j)
{
    struct secret32 secret;
    TRY(keystore_open(&secret, j->text.budget, j->words[1], j->words[2], NULL));
    say_hex(j, SPAN_OF(secret.bytes));
    return OK;
}

/* makefile <secret> <password>: a key file, for the other side to open. */
static enum err run_makefile(struct job *j)
{
    struct secret32 secret;
    struct span bytes;
    struct keystore_random random = {.iv = {7}};
    TRY(hex_read(j, &bytes, 1));
    (void)span_copy(MSPAN_OF(secret.bytes), bytes);
    (void)span_copy(MSPAN_OF(random.salt), bytes);
    return keystore_seal(&j->text, j->text.budget, &secret, j->words[2], &random, 12);
}

static const struct {
    const char *name;
    size_t words_count;
    enum err (*run)(struct job *j);
} kinds[] = {
    {"math",     4, run_arithmetic },
    {"parse",    3, run_units_parse},
    {"print",    3, run_units_print},
    {"checksum", 2, run_checksum   },
    {"rlp",      2, run_rlp        },
    {"rlpd",     2, run_rlp_decode },
    {"tx",       2, run_tx         },
    {"eip712",   2, run_eip712     },
    {"userop",   4, run_userop     },
    {"create",   5, run_create2    },
    {"selector", 2, run_selector   },
    {"revert",   2, run_revert     },
    {"abi",      3, run_abi        },
    {"phrase",   5, run_phrase     },
    {"message",  2, run_message    },
    {"keyfile",  3, run_keyfile    },
    {"makefile", 3, run_makefile   },
};

static void run_line(struct job *j, struct span line)
{
    j->words_count = 0;
    while (j->words_count < WORDS_MAX) {
        size_t n = span_find(line, '\t');
        j->words[j->words_count++] = span_first(line, n);
        if (n == line.n) {
            break;
        }
        line = span_from(line, n + 1);
    }
    buf_clear(&j->bytes);
    buf_clear(&j->text);
    enum err e = ERR_UNSUPPORTED;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (span_equal(j->words[0], span_str(kinds[i].name)) &&
            j->words_count == kinds[i].words_count) {
            e = kinds[i].run(j);
        }
    }
    if (e != OK) {
        (void)printf("!%s ", err_name(e));
    }
    (void)printf("%.*s\n", (int)j->text.n, j->text.n ? (const char *)j->text.p : "");
}

int main(void)
{
    struct budget budget;
    struct job j = {0};
    budget_init(&budget, NULL, "cases", 32 * LEN_MAX);
    buf_init(&j.in, &budget, LEN_MAX);
    buf_init(&j.scratch, &budget, LEN_MAX);
    buf_init(&j.bytes, &budget, LEN_MAX);
    buf_init(&j.text, &budget, 2 * LEN_MAX);
    if (crypto_init() != OK) {
        return 1;
    }
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    while ((n = getline(&line, &cap, stdin)) > 0) {
        struct span s = span_of(line, (size_t)n);
        run_line(&j, s.p[s.n - 1] == '\n' ? span_first(s, s.n - 1) : s);
    }
    free(line);
    buf_done(&j.in);
    buf_done(&j.scratch);
    buf_done(&j.bytes);
    buf_done(&j.text);
    return 0;
}
