#ifndef TEE_RELEASES_H
#define TEE_RELEASES_H

#include "codec/json.h"
#include "tee/appraisal.h"

/* The release list: measurements of programs that were released. It travels as a target of the TUF repository, whose roles sign it
 * k of n; this file reads what that client has verified, and nothing else may be given to it.
 *
 *     { "version": 1, "sequence": 7,
 *       "releases": [
 *         { "kind": "tdx", "name": "passmesh-server 1.2", "measurements": {"mrtd": "91eb…", "rtmr1": "…"},
 *           "svn_min": 0, "not_after": "2027-01-01T00:00:00Z", "revoked": false } ] }
 *
 * A list only grows: an entry may be revoked, but neither changed nor taken away (releases_extends). */
enum {
    RELEASES_TEXT_LEN_MAX = 256 * 1024,
    RELEASES_COUNT_MAX = 1024,
};

/* The text must live as long as the list. A zeroed list has no release. */
struct releases {
    bool is_parsed;
    uint64_t sequence;
    struct json list;
};

/* ERR_MALFORMED with the rule in *why (may be NULL): a member missing or unknown, no measurement, a value that is no text of
 * hexadecimal digits. */
MUST_CHECK enum err releases_parse(struct releases *ret, struct span text, struct diag *why);

/* releases_have: does an entry for this kind hold, each of its measurements found, the program's number at least svn_min, not
 * revoked, and not past its end? A revoked entry wins over any other that matches. */
bool releases_have(const struct releases *r, const struct appraisal *a, walltime now);

/* releases_extends: ERR_DENIED unless next has a higher sequence and begins with all entries of last, in their order, unchanged but
 * for revocation. O(entries). */
MUST_CHECK enum err releases_extends(const struct releases *last, const struct releases *next);

#endif
