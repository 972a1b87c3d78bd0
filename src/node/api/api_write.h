#ifndef NODE_API_WRITE_H
#define NODE_API_WRITE_H

#include "codec/json.h"
#include "wallet/wallet.h"

/* The types of api/types.json as JSON, each as one value. */

struct api_writing {
    struct json_writer *j;
    struct wallet *wallet;
    struct wallet_time t;
};

void api_write_u256(struct json_writer *j, struct u256 v);
void api_write_address(struct json_writer *j, struct address a);
void api_write_base64url(struct json_writer *j, struct span bytes);
void api_write_coded(struct json_writer *j, const struct coded *c);

/* api_write_code is a coded without values. */
void api_write_code(struct json_writer *j, const char *code);

/* What a figure is a number of. */
struct api_unit {
    const char *symbol;
    uint8_t decimals;
};
void api_write_figure(struct json_writer *j, const struct figure *f, struct api_unit unit);

/* api_write_checked writes the type checked: how far a figure can be trusted, without its number. */
void api_write_checked(struct json_writer *j, const struct figure *f);

/* The figure of an asset in a view; token NULL: the native one. */
const struct figure *
api_balance(const struct view *v, const struct network *n, const struct token *token);

/* token NULL: the native asset. */
void api_write_asset(struct json_writer *j, const struct network *n, const struct token *token);
void api_write_party(const struct api_writing *w, const struct network *n, struct address a);
void api_write_account(const struct api_writing *w, const struct account *a);
/* api_write_limits writes the members limits and settings of an account, as far as there are any: api_write_limits.c. */
void api_write_limits(const struct api_writing *w,
                      const struct account *a,
                      const struct network *n);
/* api_write_sessions writes the member sessions of an account, if there are any: api_write_sessions.c. */
void api_write_sessions(const struct api_writing *w,
                        const struct account *a,
                        const struct network *n);
void api_write_contact(struct json_writer *j, const struct contact *c);
void api_write_settings(struct json_writer *j, const struct settings *s);
void api_write_chain(const struct api_writing *w);
void api_write_ceremony(struct json_writer *j, const struct ceremony *c);
void api_write_risk(struct json_writer *j, const struct risk *r);
void api_write_transports(struct json_writer *j, unsigned transports);

/* api_write_descriptors writes the passkeys of an account (NULL: none) as an array of descriptor. */
void api_write_descriptors(const struct api_writing *w, const struct account *a);

/* request_options for the owners of an account (NULL: of every account). */
void api_write_request_options(const struct api_writing *w,
                               const struct account *a,
                               const struct operation *op,
                               struct span challenge);

/* request_options for one passkey (NULL: any). */
void api_write_owner_options(const struct api_writing *w,
                             const struct owner *o,
                             struct span challenge);

/* api_write_cosigner writes the members cosigner and cosigner_wish of an account, as far as there are any: api_cosigner.c. */
void api_write_cosigner(const struct api_writing *w, const struct account *a);

/* api_write_guardian_way writes the member guardians of an account, if any were read on that network: api_guardians.c. */
void api_write_guardian_way(const struct api_writing *w,
                            const struct account *a,
                            struct id network);

/* The figure of what this wallet worked out from what a server said at the newest view. */
struct figure api_reported(const struct api_writing *w, const struct network *n, struct u256 value);

/* The same, of another time: what is 0 stays as the view has it. */
struct api_when {
    uint64_t block;
    uint64_t as_of_ms;
};
struct figure api_worked_out(const struct api_writing *w,
                             const struct network *n,
                             struct u256 value,
                             struct api_when when);

/* The figure of something that this wallet made or the person entered. */
struct figure api_own_figure(const struct api_writing *w, struct u256 value);

/* operation, row, balances: api_write_operation.c */
void api_write_operation(const struct api_writing *w, const struct operation *op);
void api_write_row(const struct api_writing *w, const struct operation *op);
void api_write_balances(const struct api_writing *w, struct id account, struct id network);

#endif
