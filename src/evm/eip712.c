/* EIP-712. Values are hashed as they are met, straight out of the JSON; nothing of the message is kept. */
#include "evm/eip712.h"

#include "base/check.h"
#include "codec/base16.h"
#include "crypto/keccak.h"
#include "evm/abi.h"
#include "evm/address.h"
#include "evm/u256.h"

#include <string.h>

struct eip712 {
    struct json types;
    struct buf *scratch;
    struct diag *why;
    size_t work_left; /* bytes of JSON */
    struct {
        struct span name;
        struct hash32 hash;
    } type_hashes
        [EIP712_STRUCTS_MAX]; /* of types met so far: an array of structs needs one often */
    size_t type_hashes_count;
};

struct names {
    struct span names[EIP712_STRUCTS_MAX];
    size_t count;
};

static const struct {
    const char *name;
    const char *type;
} domain_fields[] = {
    {"name",              "string" },
    {"version",           "string" },
    {"chainId",           "uint256"},
    {"verifyingContract", "address"},
    {"salt",              "bytes32"},
};

enum { DOMAIN_FIELDS = sizeof domain_fields / sizeof *domain_fields };

static const char domain_type[] = "EIP712Domain";

static enum err bad(struct eip712 *e, const char *rule)
{
    (void)diag_set(e->why, ERR_MALFORMED, rule, 0);
    return ERR_MALFORMED;
}

/* member_find looks a name up; looking costs work. */
MUST_CHECK static enum err
member_find(struct eip712 *e, struct json *ret, struct json object, struct span name)
{
    size_t cost = object.raw.n + 1;
    if (cost > e->work_left) {
        return diag_set(e->why, ERR_LIMIT, "the typed data takes too much work", 0);
    }
    e->work_left -= cost;
    if (object.type != JSON_OBJECT) {
        return ERR_NOT_FOUND;
    }
    struct json_iter it = json_iterate(object);
    struct json key;
    struct json value;
    while (json_next(&it, &key, &value)) {
        if (json_string_equal(key, name)) {
            *ret = value;
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

static bool is_identifier(struct span name)
{
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
        bool is_digit = c >= '0' && c <= '9';
        if (!is_letter && !(is_digit && i > 0)) {
            return false;
        }
    }
    return name.n > 0;
}

/* field_read takes one {"name": ..., "type": ...} apart. */
struct field {
    struct span name;
    struct span type;
};

MUST_CHECK static enum err field_read(struct eip712 *e, struct field *ret, struct json v)
{
    struct field f;
    if (json_find_plain(&f.name, v, "name") != OK || !is_identifier(f.name)) {
        return bad(e, "a member of a type has a name, an identifier");
    }
    if (json_find_plain(&f.type, v, "type") != OK || f.type.n == 0) {
        return bad(e, "a member of a type has a type");
    }
    *ret = f;
    return OK;
}

/* base_type strips the array suffixes. */
MUST_CHECK static enum err base_type(struct eip712 *e, struct span *ret, struct span type)
{
    struct abi_array_type array;
    enum err a;
    while ((a = abi_type_array(&array, type)) == OK) {
        type = array.element;
    }
    if (a != ERR_NOT_FOUND) {
        return bad(e, "an array type ends in [] or [count]");
    }
    *ret = type;
    return OK;
}

/* names_collect adds the struct type `name` and all it depends on, breadth first. */
MUST_CHECK static enum err names_collect(struct eip712 *e, struct names *names, struct span name)
{
    names->names[0] = name;
    names->count = 1;
    for (size_t at = 0; at < names->count; at++) {
        struct json fields = {0};
        if (!is_identifier(names->names[at])) {
            return bad(e, "a struct type is named by an identifier");
        }
        enum err f = member_find(e, &fields, e->types, names->names[at]);
        if (f != OK || fields.type != JSON_ARRAY) {
            return f == ERR_LIMIT ? f : bad(e, "a type is neither elementary nor defined");
        }
        struct json_iter it = json_iterate(fields);
        struct json v;
        while (json_next(&it, NULL, &v)) {
            struct field field = {0};
            struct span base;
            struct abi_type elementary;
            TRY(field_read(e, &field, v));
            TRY(base_type(e, &base, field.type));
            bool is_known = abi_type_parse(&elementary, base) == OK;
            for (size_t i = 0; i < names->count; i++) {
                is_known |= span_equal(names->names[i], base);
            }
            if (is_known) {
                continue;
            }
            if (names->count == EIP712_STRUCTS_MAX) {
                return diag_set(e->why, ERR_LIMIT, "a type depends on too many others", 0);
            }
            names->names[names->count++] = base;
        }
    }
    return OK;
}

/* SPEC eips/EIP-712 §"Definition of encodeType": the types that a struct refers to follow it in order of
 * their names. */
static void names_sort(struct names *names)
{
    for (size_t i = 2; i < names->count; i++) {
        for (size_t j = i; j > 1 && span_compare(names->names[j], names->names[j - 1]) < 0; j--) {
            struct span swap = names->names[j];
            names->names[j] = names->names[j - 1];
            names->names[j - 1] = swap;
        }
    }
}

/* type_write gives the text of one struct type to the hash, to out, or to both. */
struct sink {
    struct keccak256 *hash;
    struct buf *out;
    enum err err;
};

static void sink_add(struct sink *s, struct span text)
{
    if (s->hash) {
        keccak256_add(s->hash, text);
    }
    if (s->out && s->err == OK) {
        s->err = buf_append(s->out, text);
    }
}

MUST_CHECK static enum err type_write(struct eip712 *e, struct sink *sink, struct span name)
{
    struct json fields = {0};
    TRY(member_find(e, &fields, e->types, name));
    sink_add(sink, name);
    sink_add(sink, SPAN_LIT("("));
    struct json_iter it = json_iterate(fields);
    struct json v;
    for (bool is_first = true; json_next(&it, NULL, &v); is_first = false) {
        struct field field = {0};
        TRY(field_read(e, &field, v));
        sink_add(sink, is_first ? SPAN_EMPTY : SPAN_LIT(","));
        sink_add(sink, field.type);
        sink_add(sink, SPAN_LIT(" "));
        sink_add(sink, field.name);
    }
    sink_add(sink, SPAN_LIT(")"));
    return sink->err;
}

MUST_CHECK static enum err types_write(struct eip712 *e, struct sink *sink, struct span name)
{
    struct names names;
    TRY(names_collect(e, &names, name));
    names_sort(&names);
    for (size_t i = 0; i < names.count; i++) {
        TRY(type_write(e, sink, names.names[i]));
    }
    return OK;
}

/* type_hash hashes encodeType of a struct type. */
MUST_CHECK static enum err type_hash(struct eip712 *e, struct hash32 *ret, struct span name)
{
    for (size_t i = 0; i < e->type_hashes_count; i++) {
        if (span_equal(e->type_hashes[i].name, name)) {
            *ret = e->type_hashes[i].hash;
            return OK;
        }
    }
    struct keccak256 k;
    struct sink sink = {.hash = &k};
    keccak256_init(&k);
    TRY(types_write(e, &sink, name));
    keccak256_end(&k, ret);
    if (e->type_hashes_count < EIP712_STRUCTS_MAX) {
        e->type_hashes[e->type_hashes_count].name = name;
        e->type_hashes[e->type_hashes_count].hash = *ret;
        e->type_hashes_count++;
    }
    return OK;
}

/* magnitude_read reads the text of a number, decimal or 0x, without its sign. */
MUST_CHECK static enum err magnitude_read(struct u256 *ret, struct span text)
{
    return span_starts_with(text, SPAN_LIT("0x")) ? u256_parse_hex(ret, text)
                                                  : u256_parse_decimal(ret, text);
}

MUST_CHECK static enum err
integer_encode(struct eip712 *e, uint8_t word[static 32], struct abi_type type, struct json v)
{
    struct span text;
    if (v.type == JSON_INT) {
        text = v.raw;
    } else if (json_get_plain(&text, v) != OK) {
        return bad(e, "an integer is a number or a string of one");
    }
    bool is_negative = span_starts_with(text, SPAN_LIT("-"));
    struct u256 m;
    if (magnitude_read(&m, span_from(text, is_negative ? 1 : 0)) != OK) {
        return bad(e, "an integer is decimal, or hexadecimal with 0x");
    }
    is_negative = is_negative && !u256_is_zero(m);
    if (type.kind == ABI_UINT && (is_negative || u256_bit_len(m) > type.size)) {
        return bad(e, "an integer is out of its type's range");
    }
    if (type.kind == ABI_INT) {
        /* -2^(size-1) is in range, 2^(size-1) is not */
        struct u256 bound = is_negative ? u256_sub_sat(m, u256_from_u64(1)) : m;
        if (u256_bit_len(bound) >= type.size) {
            return bad(e, "an integer is out of its type's range");
        }
    }
    u256_to_be(word, is_negative ? u256_sub_sat(m, u256_from_u64(1)) : m);
    for (size_t i = 0; i < 32; i++) {
        word[i] = is_negative ? (uint8_t)~word[i] : word[i]; /* two's complement: not (m - 1) */
    }
    return OK;
}

/* text_hash hashes a string or bytes value. */
MUST_CHECK static enum err
text_hash(struct eip712 *e, uint8_t word[static 32], struct abi_type type, struct json v)
{
    buf_clear(e->scratch);
    struct wr w = wr_init_buf(e->scratch);
    enum err got = ERR_MALFORMED;
    struct span hex;
    if (type.kind == ABI_STRING) {
        got = json_get_string(&w, v);
    } else if (json_get_plain(&hex, v) == OK) {
        got = base16_decode_0x(&w, hex);
    }
    if (got == ERR_LIMIT) {
        return diag_set(e->why, ERR_LIMIT, "a value is too long", 0);
    }
    if (got != OK) {
        return bad(e, type.kind == ABI_STRING ? "a string value is a string"
                                              : "bytes are 0x and pairs of hexadecimal digits");
    }
    struct hash32 h;
    keccak256(&h, buf_span(e->scratch));
    memcpy(word, h.bytes, 32);
    buf_clear(e->scratch);
    return OK;
}

MUST_CHECK static enum err
elementary_encode(struct eip712 *e, uint8_t word[static 32], struct abi_type type, struct json v)
{
    memset(word, 0, 32);
    switch (type.kind) {
    case ABI_UINT:
    case ABI_INT:    return integer_encode(e, word, type, v);
    case ABI_BYTES:
    case ABI_STRING: return text_hash(e, word, type, v);
    case ABI_BOOL:   {
        bool yes;
        if (json_get_bool(&yes, v) != OK) {
            return bad(e, "a bool is true or false");
        }
        word[31] = yes;
        return OK;
    }
    case ABI_ADDRESS: {
        struct span text;
        struct address a;
        enum address_checksum sum;
        if (json_get_plain(&text, v) != OK || address_parse(&a, &sum, text) != OK ||
            sum == ADDRESS_CHECKSUM_WRONG) {
            return bad(e, "an address is 0x and 40 digits, with a good checksum if it has one");
        }
        memcpy(word + 12, a.bytes, 20);
        return OK;
    }
    case ABI_FIXED_BYTES: {
        struct span text;
        if (json_get_plain(&text, v) != OK ||
            base16_decode_fixed_0x(mspan_of(word, type.size), text) != OK) {
            return bad(e, "bytes of a fixed length have that length");
        }
        return OK;
    }
    }
    return ERR_INTERNAL;
}

static enum err struct_hash(
    struct eip712 *e, uint8_t word[static 32], struct span name, struct json v, unsigned depth);

/* value_encode writes the word of one value of any type. Recursion is bounded by EIP712_DEPTH_MAX. */
MUST_CHECK static enum err value_encode(
    struct eip712 *e, uint8_t word[static 32], struct span type, struct json v, unsigned depth)
{
    if (depth == EIP712_DEPTH_MAX) {
        return diag_set(e->why, ERR_LIMIT, "types are nested too deep", 0);
    }
    struct abi_type elementary;
    if (abi_type_parse(&elementary, type) == OK) {
        return elementary_encode(e, word, elementary, v);
    }
    struct abi_array_type array;
    enum err a = abi_type_array(&array, type);
    if (a == ERR_NOT_FOUND) {
        return struct_hash(e, word, type, v, depth);
    }
    if (a != OK || v.type != JSON_ARRAY) {
        return bad(e, a != OK ? "an array type ends in [] or [count]"
                              : "a value of an array type is an array");
    }
    if (array.count != 0 && json_count(v) != array.count) {
        return bad(e, "an array of a fixed length has that length");
    }
    /* SPEC eips/EIP-712 §"Definition of encodeData": an array is the hash of its elements' encodings one after
     * the other. */
    struct keccak256 k;
    keccak256_init(&k);
    struct json_iter it = json_iterate(v);
    struct json element;
    while (json_next(&it, NULL, &element)) {
        uint8_t inner[32];
        TRY(value_encode(e, inner, array.element, element, depth + 1));
        keccak256_add(&k, SPAN_OF(inner));
    }
    struct hash32 h;
    keccak256_end(&k, &h);
    memcpy(word, h.bytes, 32);
    return OK;
}

static enum err struct_hash(
    struct eip712 *e, uint8_t word[static 32], struct span name, struct json v, unsigned depth)
{
    if (v.type != JSON_OBJECT) {
        return bad(e, "a value of a struct type is an object");
    }
    struct keccak256 k;
    struct hash32 h;
    TRY(type_hash(e, &h, name));
    struct json fields;
    TRY(member_find(e, &fields, e->types, name));
    /* SPEC eips/EIP-712 §"Definition of hashStruct": the hash of the type's hash and the members' encodings. */
    keccak256_init(&k);
    keccak256_add(&k, SPAN_OF(h.bytes));
    struct json_iter it = json_iterate(fields);
    struct json item;
    while (json_next(&it, NULL, &item)) {
        struct field field = {0};
        struct json value;
        uint8_t inner[32];
        TRY(field_read(e, &field, item));
        enum err found = member_find(e, &value, v, field.name);
        if (found != OK) {
            return found == ERR_LIMIT ? found : bad(e, "a member of a struct has no value");
        }
        TRY(value_encode(e, inner, field.type, value, depth + 1));
        keccak256_add(&k, SPAN_OF(inner));
    }
    keccak256_end(&k, &h);
    memcpy(word, h.bytes, 32);
    return OK;
}

/* domain_hash_implied hashes a domain whose type is not given: it is the members that are there. */
MUST_CHECK static enum err
domain_hash_implied(struct eip712 *e, struct hash32 *ret, struct json domain)
{
    struct keccak256 type;
    struct json values[DOMAIN_FIELDS];
    bool has[DOMAIN_FIELDS];
    keccak256_init(&type);
    keccak256_add(&type, SPAN_LIT("EIP712Domain("));
    bool is_first = true;
    for (size_t i = 0; i < DOMAIN_FIELDS; i++) {
        has[i] = json_find(&values[i], domain, domain_fields[i].name);
        if (has[i]) {
            keccak256_add(&type, is_first ? SPAN_EMPTY : SPAN_LIT(","));
            keccak256_add(&type, span_str(domain_fields[i].type));
            keccak256_add(&type, SPAN_LIT(" "));
            keccak256_add(&type, span_str(domain_fields[i].name));
            is_first = false;
        }
    }
    keccak256_add(&type, SPAN_LIT(")"));
    struct hash32 type_hash;
    keccak256_end(&type, &type_hash);
    struct keccak256 k;
    keccak256_init(&k);
    keccak256_add(&k, SPAN_OF(type_hash.bytes));
    for (size_t i = 0; i < DOMAIN_FIELDS; i++) {
        uint8_t word[32];
        if (has[i]) {
            TRY(value_encode(e, word, span_str(domain_fields[i].type), values[i], 0));
            keccak256_add(&k, SPAN_OF(word));
        }
    }
    keccak256_end(&k, ret);
    return OK;
}

MUST_CHECK static enum err domain_hash(struct eip712 *e, struct hash32 *ret, struct json domain)
{
    struct json fields;
    if (domain.type != JSON_OBJECT) {
        return bad(e, "the domain is an object");
    }
    if (!json_find(&fields, e->types, domain_type)) {
        return domain_hash_implied(e, ret, domain);
    }
    return struct_hash(e, ret->bytes, span_str(domain_type), domain, 0);
}

enum err eip712_hash(struct eip712_hashes *ret,
                     struct json typed_data,
                     struct buf *scratch,
                     struct diag *why)
{
    struct eip712 e = {.scratch = scratch, .why = why, .work_left = EIP712_WORK_MAX};
    struct json domain;
    struct json message;
    struct span primary;
    if (!json_find(&e.types, typed_data, "types") || !json_find(&domain, typed_data, "domain") ||
        !json_find(&message, typed_data, "message") ||
        json_find_plain(&primary, typed_data, "primaryType") != OK) {
        return bad(&e, "typed data has types, primaryType, domain and message");
    }
    struct eip712_hashes h = {0};
    TRY(domain_hash(&e, &h.domain_separator, domain));
    static const uint8_t prefix[2] = {0x19, 0x01};
    struct span parts[3] = {SPAN_OF(prefix), SPAN_OF(h.domain_separator.bytes), SPAN_EMPTY};
    if (!span_equal(primary, span_str(domain_type))) {
        TRY(struct_hash(&e, h.struct_hash.bytes, primary, message, 0));
        parts[2] = SPAN_OF(h.struct_hash.bytes);
    }
    keccak256_of(&h.digest, parts, 3);
    *ret = h;
    return OK;
}

enum err eip712_struct_hash(struct hash32 *ret,
                            struct json types,
                            struct span type_name,
                            struct json value,
                            struct buf *scratch,
                            struct diag *why)
{
    struct eip712 e = {
        .types = types, .scratch = scratch, .why = why, .work_left = EIP712_WORK_MAX};
    struct hash32 h;
    TRY(struct_hash(&e, h.bytes, type_name, value, 0));
    *ret = h;
    return OK;
}

enum err
eip712_encode_type(struct buf *out, struct json types, struct span type_name, struct diag *why)
{
    struct eip712 e = {.types = types, .why = why, .work_left = EIP712_WORK_MAX};
    struct sink sink = {.out = out};
    return types_write(&e, &sink, type_name);
}
