/* TUF metadata: the first byte chooses the role. What is accepted can be read, verified and searched to its last member. */
#include "plugin/tuf_delegation.h"
#include "plugin/tuf_metadata.h"

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 1 << 16 };

static void read_listings(const struct tuf_metadata *m, const char *entries)
{
    struct json object;
    struct json name;
    struct json value;
    if (!json_find(&object, m->body, entries)) {
        return;
    }
    struct json_iter it = json_iterate(object);
    while (json_next(&it, &name, &value)) {
        uint8_t room[JSON_NAME_LEN_MAX];
        struct wr w = wr_init(MSPAN_OF(room));
        struct tuf_listing listing;
        check(json_get_string(&w, name) == OK);
        check(tuf_listing_find(&listing, object, span_of(room, w.n)));
        (void)tuf_listing_hashes_hold(&listing, span_of(room, w.n));
    }
}

static void walk_delegations(const struct tuf_metadata *m, struct tuf_work *work)
{
    struct tuf_delegation_iter it = tuf_delegation_first(m);
    struct tuf_delegation d;
    while (tuf_delegation_next(&it, &d, SPAN_LIT("app/one"))) {
        check(d.name_len > 0);
        check(d.name_len <= sizeof d.name);
        enum err e = tuf_metadata_verify(m, d.signers, work, NULL);
        check(e == OK || e == ERR_AUTH || e == ERR_UNSUPPORTED);
    }
}

static void read_root(const struct tuf_metadata *m, struct tuf_work *work)
{
    for (size_t i = 0; i < TUF_ROLE_COUNT; i++) {
        struct tuf_signers signers = tuf_signers_of(m, (enum tuf_role)i);
        struct diag why = {0};
        check(tuf_signers_equal(signers, signers));
        enum err e = tuf_metadata_verify(m, signers, work, &why);
        check(e == OK || why.rule != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct budget budget;
    static struct tuf_work work;
    struct tuf_metadata m;
    struct diag why = {0};
    if (size == 0 || size > TEXT_MAX) {
        return 0;
    }
    budget_init(&budget, NULL, "fuzz", SIZE_MAX);
    check(tuf_work_init(&work, &budget, TEXT_MAX) == OK);
    enum tuf_role role = (enum tuf_role)(data[0] % TUF_ROLE_COUNT);
    if (tuf_metadata_parse(&m, role, span_of(data + 1, size - 1), &work, &why) != OK) {
        check(why.rule != NULL);
    } else {
        check(m.version > 0);
        read_listings(&m, role == TUF_TARGETS ? "targets" : "meta");
        walk_delegations(&m, &work);
        if (role == TUF_ROOT) {
            read_root(&m, &work);
        }
    }
    tuf_work_done(&work);
    check(budget.used == 0);
    return 0;
}
