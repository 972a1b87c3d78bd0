/* Addresses: EIP-55 text, and where a contract or a key has its address. */
#include "evm/address.h"

#include "codec/base16.h"
#include "crypto/keccak.h"

#include <string.h>

static const char lower_digits[] = "0123456789abcdef";

/* hex_print_lower writes the 40 digits in lower case. */
static void hex_print_lower(char out[static 40], struct address a)
{
    for (size_t i = 0; i < sizeof a.bytes; i++) {
        out[2 * i] = lower_digits[a.bytes[i] >> 4];
        out[2 * i + 1] = lower_digits[a.bytes[i] & 15];
    }
}

void address_print(char ret[static ADDRESS_TEXT_LEN], struct address a)
{
    ret[0] = '0';
    ret[1] = 'x';
    char *digits = ret + 2;
    hex_print_lower(digits, a);
    struct hash32 hash;
    keccak256(&hash, span_of(digits, 40));
    /* SPEC eips/EIP-55 §"Specification": a letter is upper case if the same digit of the hash of the lower
     * case text is 8 or more. */
    for (size_t i = 0; i < 40; i++) {
        unsigned nibble = hash.bytes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15U;
        if (digits[i] >= 'a' && nibble >= 8) {
            digits[i] = (char)(digits[i] - 'a' + 'A');
        }
    }
    ret[ADDRESS_TEXT_LEN - 1] = 0;
}

enum err address_parse(struct address *ret, enum address_checksum *ret_checksum, struct span text)
{
    if (text.n != 42 || !span_starts_with(text, SPAN_LIT("0x"))) {
        return ERR_MALFORMED;
    }
    struct address a = {0};
    bool has_lower = false;
    bool has_upper = false;
    for (size_t i = 0; i < 40; i++) {
        uint8_t c = text.p[2 + i];
        int v = base16_digit(c);
        if (v < 0) {
            return ERR_MALFORMED;
        }
        has_lower |= c >= 'a';
        has_upper |= c >= 'A' && c <= 'F';
        a.bytes[i / 2] = (uint8_t)(a.bytes[i / 2] << 4 | v);
    }
    *ret = a;
    if (!has_lower || !has_upper) {
        *ret_checksum = ADDRESS_CHECKSUM_NONE;
        return OK;
    }
    char want[ADDRESS_TEXT_LEN];
    address_print(want, a);
    *ret_checksum = memcmp(want, text.p, 42) == 0 ? ADDRESS_CHECKSUM_VALID : ADDRESS_CHECKSUM_WRONG;
    return OK;
}

bool address_equal(struct address a, struct address b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

bool address_is_zero(struct address a)
{
    struct address zero = {0};
    return address_equal(a, zero);
}

/* hash_tail is the address that the last 20 bytes of a hash name. */
static struct address hash_tail(struct span in)
{
    struct hash32 hash;
    keccak256(&hash, in);
    struct address a;
    memcpy(a.bytes, hash.bytes + 12, sizeof a.bytes);
    return a;
}

struct address address_create2(const struct create2_input *in)
{
    uint8_t preimage[1 + 20 + 32 + 32] = {0xff};
    memcpy(preimage + 1, in->deployer.bytes, 20);
    memcpy(preimage + 21, in->salt, 32);
    memcpy(preimage + 53, in->init_code_hash.bytes, 32);
    return hash_tail(SPAN_OF(preimage));
}

struct address address_create(struct address deployer, uint64_t nonce)
{
    /* RLP of [deployer, nonce]: at most 1 + 21 + 9 bytes, so each prefix is one byte. */
    uint8_t list[31];
    size_t n = 1;
    list[n++] = 0x80 + 20;
    memcpy(list + n, deployer.bytes, 20);
    n += 20;
    size_t len = 0;
    for (uint64_t rest = nonce; rest > 0; rest >>= 8) {
        len++;
    }
    if (nonce == 0 || nonce >= 0x80) {
        list[n++] = (uint8_t)(0x80 + len);
    }
    for (size_t i = 0; i < len; i++) {
        list[n++] = (uint8_t)(nonce >> (8 * (len - 1 - i)));
    }
    list[0] = (uint8_t)(0xc0 + n - 1);
    return hash_tail(span_of(list, n));
}

struct address address_of_public_key(const uint8_t key[static 64])
{
    return hash_tail(span_of(key, 64));
}
