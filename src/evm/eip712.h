#ifndef EVM_EIP712_H
#define EVM_EIP712_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "codec/json.h"
#include "crypto/hash.h"

/* Typed structured data (EIP-712) from the JSON of eth_signTypedData_v4: nested structs, arrays of fixed and
 * any length. Everything that the JSON names is from outside, so work and sizes are bounded. */
enum {
    EIP712_DEPTH_MAX = 16,    /* structs and arrays within one another */
    EIP712_STRUCTS_MAX = 32,  /* struct types that one type can depend on */
    EIP712_WORK_MAX = 1 << 26 /* bytes of JSON looked at, again and again, before ERR_LIMIT */
};

struct eip712_hashes {
    struct hash32 domain_separator;
    struct hash32 struct_hash; /* of the message; zero if the primary type is EIP712Domain */
    struct hash32 digest;      /* what is signed */
};

/* eip712_hash takes the root object: types, primaryType, domain, message. If types has no EIP712Domain, it is
 * the members that domain has, in the order of the EIP. scratch holds one string or bytes value at a
 * time and is left empty. ERR_MALFORMED: a type that is not defined, a value that is missing or does not
 * fit its type (why says which rule); ERR_LIMIT: a bound above, or scratch is too small. */
MUST_CHECK enum err eip712_hash(struct eip712_hashes *ret,
                                struct json typed_data,
                                struct buf *scratch,
                                struct diag *why);

/* eip712_struct_hash hashes one struct value of a type that types (an object) defines. */
MUST_CHECK enum err eip712_struct_hash(struct hash32 *ret,
                                       struct json types,
                                       struct span type_name,
                                       struct json value,
                                       struct buf *scratch,
                                       struct diag *why);

/* eip712_encode_type appends encodeType: "Mail(Person from,Person to,string contents)Person(string name,...)". */
MUST_CHECK enum err
eip712_encode_type(struct buf *out, struct json types, struct span type_name, struct diag *why);

#endif
