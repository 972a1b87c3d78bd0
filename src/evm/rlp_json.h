#ifndef EVM_RLP_JSON_H
#define EVM_RLP_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"
#include "evm/rlp.h"

/* Fields of JSON-RPC objects, written as RLP: an rlp_wr whose failure also says what was wrong with the JSON. Lists are
 * opened and closed on rlp itself. */
struct rlp_json {
    struct rlp_wr rlp;
    enum err err; /* ERR_NOT_FOUND, ERR_MALFORMED: of the JSON */
};

struct rlp_json rlp_json_init(struct buf *out);

/* Each writes one member of object. number: a quantity; data: bytes of any length; fixed: of exactly len. */
void rlp_json_number(struct rlp_json *w, struct json object, const char *name);
void rlp_json_data(struct rlp_json *w, struct json object, const char *name);
void rlp_json_fixed(struct rlp_json *w, struct json object, const char *name, size_t len);

/* rlp_json_list writes an array as a list, with put for each element; rlp_json_words one of 32 bytes each. */
typedef void rlp_json_put(struct rlp_json *w, struct json element);
void rlp_json_list(struct rlp_json *w, struct json object, const char *name, rlp_json_put *put);
void rlp_json_words(struct rlp_json *w, struct json object, const char *name);

/* rlp_json_end: ERR_NOT_FOUND: a member is missing; ERR_MALFORMED: it is of another form; ERR_LIMIT: out is full. */
MUST_CHECK enum err rlp_json_end(const struct rlp_json *w);

#endif
