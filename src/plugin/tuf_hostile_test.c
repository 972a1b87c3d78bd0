/* Documents that break the format, keys that were stolen or lost, and hostile delegations. */
#include "plugin/tuf_client.h"

#include "base/test.h"
#include "plugin/tuf_rig_test.h"

#include <stdio.h>
#include <string.h>

static struct span doc(struct rig *r, struct span body, const char *keys)
{
    return rig_sign(r, body, keys);
}

static void timestamp(struct rig *r, unsigned version, unsigned snapshot, const char *keys)
{
    rig_put(r, "timestamp.json", doc(r, rig_timestamp_body(r, version, snapshot), keys));
}

static void root(struct rig *r, struct rig_root next, const char *keys)
{
    next.version = next.version ? next.version : 2;
    rig_put(r, "2.root.json", doc(r, rig_root_body(r, &next), keys));
}

static void change(struct rig *r, const char *name, const char *from, const char *to)
{
    rig_put(r, name, rig_replace(r, rig_get(&r->remote, name), from, to));
}

/* Each member of each document, replaced by null, and taken away: a refusal, or a member that may be missing. Signed, so that it is the format that is
 * looked at. */
static void null_each(const char *role, struct span body, const char *keys)
{
    struct json parsed;
    EXPECT_OK(json_parse(&parsed, body, NULL));
    struct json_iter it = json_iterate(parsed);
    struct json name;
    struct json value;
    while (json_next(&it, &name, &value)) {
        struct rig *r = rig_new();
        struct tuf_metadata m;
        size_t at = (size_t)(value.raw.p - body.p);
        struct span text =
            rig_text(r, "%.*snull%.*s", (int)at, (const char *)body.p,
                     (int)(body.n - at - value.raw.n), (const char *)value.raw.p + value.raw.n);
        struct span signed_text = rig_sign(r, text, keys);
        test_note("%s %.*s", role, (int)name.raw.n, (const char *)name.raw.p);
        for (size_t k = 0; k < TUF_ROLE_COUNT; k++) {
            if (strcmp(role, tuf_role_name((enum tuf_role)k)) == 0) {
                struct diag why = {0};
                EXPECT_ERR(ERR_MALFORMED,
                           tuf_metadata_parse(&m, (enum tuf_role)k, signed_text, &r->work, &why));
                EXPECT(why.rule != NULL);
            }
        }
        rig_free(r);
    }
}

TEST(null_members)
{
    struct rig *r = rig_new();
    struct rig_root first = {0};
    null_each("root", rig_root_body(r, &first), "01");
    null_each("timestamp", rig_timestamp_body(r, 1, 1), "3");
    null_each("snapshot", rig_snapshot_body(r, 1, 1, ""), "4");
    null_each("targets", rig_targets_body(r, 1, "", ",\"delegations\":{\"keys\":{},\"roles\":[]}"),
              "56");
    rig_free(r);
}

TEST(null_inside)
{
    static const struct {
        const char *from;
        const char *to;
    } cuts[] = {
        {"{\"version\":1}", "null"                                        },
        {"{\"version\":1}", "{\"version\":null}"                          },
        {"{\"version\":1}", "{\"length\":null,\"version\":1}"             },
        {"{\"version\":1}", "{\"hashes\":null,\"version\":1}"             },
        {"{\"version\":1}", "{\"hashes\":{\"sha256\":null},\"version\":1}"},
        {"{\"version\":1}", "{\"hashes\":[],\"version\":1}"               },
    };
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct rig *r = rig_new();
        test_note("%s", cuts[i].to);
        rig_publish(r, 1);
        rig_put(r, "timestamp.json",
                rig_sign(r, rig_replace(r, rig_timestamp_body(r, 1, 1), cuts[i].from, cuts[i].to),
                         "3"));
        EXPECT_EQ(TUF_TIMESTAMP_FORMAT, rig_update(r));
        rig_free(r);
    }
}

TEST(signatures_that_are_none)
{
    static const struct {
        const char *signatures;
        enum tuf_code code;
    } kinds[] = {
        {"null",                             TUF_TIMESTAMP_FORMAT},
        {"{}",                               TUF_TIMESTAMP_FORMAT},
        {"[null]",                           TUF_TIMESTAMP_FORMAT},
        {"[[]]",                             TUF_TIMESTAMP_FORMAT},
        {"[{}]",                             TUF_TIMESTAMP_FORMAT},
        {"[{\"keyid\":null,\"sig\":\"\"}]",  TUF_TIMESTAMP_FORMAT},
        {"[{\"keyid\":\"a\",\"sig\":null}]", TUF_TIMESTAMP_FORMAT},
        {"[{\"keyid\":\"a\",\"sig\":\"\"}]", TUF_TIMESTAMP_SIGNED},
        {"[]",                               TUF_TIMESTAMP_SIGNED},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct rig *r = rig_new();
        struct span body = rig_timestamp_body(r, 1, 1);
        test_note("%s", kinds[i].signatures);
        rig_publish(r, 1);
        rig_put(r, "timestamp.json",
                rig_text(r, "{\"signatures\":%s,\"signed\":%.*s}", kinds[i].signatures, (int)body.n,
                         (const char *)body.p));
        EXPECT_EQ(kinds[i].code, rig_update(r));
        rig_free(r);
    }
}

/* An empty, a malformed and a foreign signature beside enough good ones change nothing. */
TEST(bad_signatures_beside_good_ones)
{
    static const char *const beside[] = {"\"\"", "\"zz\"", "\"00\"", "\"0\""};
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        struct rig *r = rig_new();
        rig_publish(r, 1);
        change(r, "1.targets.json", "\"signatures\":[",
               (const char *)rig_text(r, "\"signatures\":[{\"keyid\":\"%s\",\"sig\":%s},",
                                      i % 2 ? "other" : rig_id(r, '7'), beside[i])
                   .p);
        test_note("%s", beside[i]);
        EXPECT_EQ(TUF_OK, rig_update(r));
        rig_free(r);
    }
}

/* Fast-forward: with a stolen timestamp key the versions go to the end of the range. A new root with another key brings the client back. */
TEST(fast_forward_is_undone_by_new_keys)
{
    struct rig *r = rig_new();
    rig_publish(r, 1);
    EXPECT_EQ(TUF_OK, rig_update(r));
    timestamp(r, 2147483647, 1, "3");
    EXPECT_EQ(TUF_OK, rig_update(r));
    timestamp(r, 2, 1, "3");
    EXPECT_EQ(TUF_TIMESTAMP_VERSION, rig_update(r));
    root(r, (struct rig_root){.keys = {[TUF_TIMESTAMP] = "7"}}, "01");
    timestamp(r, 2, 1, "7");
    EXPECT_EQ(TUF_OK, rig_update(r));
    timestamp(r, 3, 1, "3");
    EXPECT_EQ(TUF_TIMESTAMP_SIGNED, rig_update(r));
    rig_free(r);
}

TEST(fast_forward_of_snapshot_and_targets)
{
    struct rig *r = rig_new();
    rig_publish(r, 1);
    timestamp(r, 2, 2000000000, "3");
    rig_put(r, "2000000000.snapshot.json",
            doc(r, rig_snapshot_body(r, 2000000000, 2000000000, ""), "4"));
    rig_put(r, "2000000000.targets.json", doc(r, rig_targets_body(r, 2000000000, "", ""), "56"));
    EXPECT_EQ(TUF_OK, rig_update(r));
    /* Only the snapshot's key is changed, and one of two stays: forgotten all the same. */
    root(r, (struct rig_root){.keys = {[TUF_SNAPSHOT] = "47"}}, "01");
    timestamp(r, 3, 3, "3");
    rig_put(r, "3.snapshot.json", doc(r, rig_snapshot_body(r, 3, 1, ""), "4"));
    EXPECT_EQ(TUF_OK, rig_update(r));
    EXPECT_SPAN(rig_get(&r->remote, "1.targets.json"), rig_get(&r->local, "targets.json"));
    rig_free(r);
}

/* Root keys that are the same under other names are not rotated: nothing is forgotten. */
TEST(a_root_with_the_same_keys_forgets_nothing)
{
    struct rig *r = rig_new();
    rig_publish(r, 5);
    EXPECT_EQ(TUF_OK, rig_update(r));
    root(r, (struct rig_root){.expires = "2028-01-01T00:00:00Z"}, "01");
    timestamp(r, 4, 5, "3");
    EXPECT_EQ(TUF_TIMESTAMP_VERSION, rig_update(r));
    rig_free(r);
}

/* 3 of 5 root keys, two are lost and the timestamp's key is stolen: the other three bring everybody to new ones. */
TEST(two_of_five_root_keys_lost_and_the_timestamp_key_stolen)
{
    struct rig *r = rig_new();
    struct rig_root first = {.keys = {"01278"}, .threshold = {3}};
    rig_put(r, "1.root.json", doc(r, rig_root_body(r, &first), "012"));
    rig_keep(r, "root.json", rig_get(&r->remote, "1.root.json"));
    rig_publish(r, 1);
    EXPECT_EQ(TUF_OK, rig_update(r));
    timestamp(r, 1000000, 1, "3");
    EXPECT_EQ(TUF_OK, rig_update(r));
    struct rig_root second = {
        .version = 2, .keys = {"01256", "9"},
             .threshold = {3}
    };
    rig_put(r, "2.root.json", doc(r, rig_root_body(r, &second), "012"));
    timestamp(r, 2, 1, "9");
    EXPECT_EQ(TUF_OK, rig_update(r));
    rig_free(r);
}

/* The same document of the same version with other content: the stored one stays. */
TEST(another_timestamp_of_the_same_version)
{
    struct rig *r = rig_new();
    rig_publish(r, 1);
    EXPECT_EQ(TUF_OK, rig_update(r));
    struct span kept = rig_get(&r->local, "timestamp.json");
    timestamp(r, 1, 7, "3");
    EXPECT_EQ(TUF_OK, rig_update(r));
    EXPECT_SPAN(kept, rig_get(&r->local, "timestamp.json"));
    rig_free(r);
}

TEST(a_stored_root_that_is_unsigned_or_missing)
{
    struct rig *r = rig_new();
    struct rig_root first = {0};
    rig_publish(r, 1);
    rig_keep(r, "root.json", rig_sign(r, rig_root_body(r, &first), "0"));
    EXPECT_EQ(TUF_ROOT_TRUSTED, rig_update(r));
    rig_remove(&r->local, "root.json");
    EXPECT_EQ(TUF_ROOT_TRUSTED, rig_update(r));
    EXPECT_EQ(0, r->log_count);
    rig_free(r);
}

/* Delegations. */
static void publish_role(struct rig *r, const char *meta, char key)
{
    const char *top = (const char *)rig_text(r, ",\"delegations\":{\"keys\":{%s},\"roles\":[%s]}",
                                             rig_keys(r, (char[]){key, 0}),
                                             rig_delegation(r, "a", key, "*/*", false))
                          .p;
    timestamp(r, 2, 2, "3");
    rig_put(r, "2.targets.json", doc(r, rig_targets_body(r, 2, "", top), "56"));
    rig_put(r, "2.snapshot.json", doc(r, rig_snapshot_body(r, 2, 2, meta), "4"));
    rig_put(r, "1.a.json",
            rig_sign(r,
                     rig_targets_body(
                         r, 1, "\"app/two\":{\"hashes\":{\"sha256\":\"00\"},\"length\":1}", ""),
                     "7"));
}

TEST(a_delegated_role_that_the_snapshot_does_not_list)
{
    struct rig *r = rig_new();
    rig_publish(r, 1);
    publish_role(r, "", '7');
    EXPECT_EQ(TUF_OK, rig_update(r));
    EXPECT_EQ(TUF_TARGETS_UNLISTED, rig_search(r, "app/two"));
    EXPECT_STR("a", tuf_client_fault(&r->client)->role);
    rig_free(r);
}

TEST(a_stored_role_is_held_against_whoever_delegates_now)
{
    struct rig *r = rig_new();
    rig_publish(r, 1);
    publish_role(r, ",\"a.json\":{\"version\":1}", '7');
    EXPECT_EQ(TUF_OK, rig_update(r));
    EXPECT_EQ(TUF_OK, rig_search(r, "app/two"));
    /* The delegator takes the key away; the role's file stays the same and would still be good by the old key. */
    const char *top =
        (const char *)rig_text(r, ",\"delegations\":{\"keys\":{%s},\"roles\":[%s]}",
                               rig_keys(r, "8"), rig_delegation(r, "a", '8', "*/*", false))
            .p;
    timestamp(r, 3, 3, "3");
    rig_put(r, "3.snapshot.json",
            doc(r, rig_snapshot_body(r, 3, 3, ",\"a.json\":{\"version\":1}"), "4"));
    rig_put(r, "3.targets.json", doc(r, rig_targets_body(r, 3, "", top), "56"));
    EXPECT_EQ(TUF_OK, rig_update(r));
    EXPECT_EQ(TUF_TARGETS_SIGNED, rig_search(r, "app/two"));
    rig_free(r);
}

TEST(a_delegated_role_altered_rolled_back_or_of_another_version)
{
    static const struct {
        const char *from;
        const char *to;
        enum tuf_code code;
    } changes[] = {
        {"\"length\":1",          "\"length\":2",           TUF_TARGETS_SIGNED},
        {"\"_type\":\"targets\"", "\"_type\":\"snapshot\"", TUF_TARGETS_FORMAT},
        {"\"version\":1",         "\"version\":2",          TUF_TARGETS_SIGNED},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct rig *r = rig_new();
        rig_publish(r, 1);
        publish_role(r, ",\"a.json\":{\"version\":1}", '7');
        change(r, "1.a.json", changes[i].from, changes[i].to);
        EXPECT_EQ(TUF_OK, rig_update(r));
        EXPECT_EQ(changes[i].code, rig_search(r, "app/two"));
        EXPECT_EQ(0, rig_get(&r->local, "a.json").n);
        rig_free(r);
    }
}

TEST(a_chain_of_too_many_roles)
{
    for (unsigned extra = 0; extra < 2; extra++) {
        struct rig *r = rig_new();
        const unsigned last = TUF_DELEGATIONS_MAX - 1 + extra;
        const char *meta = "";
        rig_publish(r, 1);
        for (unsigned i = 0; i <= last; i++) {
            char name[32];
            char file[48];
            (void)snprintf(name, sizeof name, "r%u", i + 1);
            (void)snprintf(file, sizeof file, "1.r%u.json", i);
            const char *more =
                (const char *)rig_text(r, ",\"delegations\":{\"keys\":{%s},\"roles\":[%s]}",
                                       rig_keys(r, "7"), rig_delegation(r, name, '7', "*/*", false))
                    .p;
            bool is_last = i == last;
            rig_put(
                r, file,
                rig_sign(
                    r,
                    rig_targets_body(
                        r, 1,
                        is_last ? "\"app/two\":{\"hashes\":{\"sha256\":\"00\"},\"length\":1}" : "",
                        is_last ? "" : more),
                    "7"));
            meta = (const char *)rig_text(r, "%s,\"r%u.json\":{\"version\":1}", meta, i).p;
        }
        const char *top =
            (const char *)rig_text(r, ",\"delegations\":{\"keys\":{%s},\"roles\":[%s]}",
                                   rig_keys(r, "7"), rig_delegation(r, "r0", '7', "*/*", false))
                .p;
        rig_put(r, "1.targets.json", rig_sign(r, rig_targets_body(r, 1, "", top), "56"));
        rig_put(r, "1.snapshot.json", rig_sign(r, rig_snapshot_body(r, 1, 1, meta), "4"));
        EXPECT_EQ(TUF_OK, rig_update(r));
        EXPECT_EQ(extra ? TUF_DELEGATIONS_COUNT : TUF_OK, rig_search(r, "app/two"));
        rig_free(r);
    }
}

/* Any byte of any document changed, and any cut: never a document that was not signed as it stands. */
TEST(every_byte_counts)
{
    static const char *const names[] = {"timestamp.json", "1.snapshot.json", "1.targets.json"};
    for (size_t i = 0; i < 3; i++) {
        size_t len = 0;
        struct rig *sizes = rig_new();
        rig_publish(sizes, 1);
        len = rig_get(&sizes->remote, names[i]).n;
        rig_free(sizes);
        for (size_t at = 0; at < len; at += 7) {
            struct rig *r = rig_new();
            rig_publish(r, 1);
            struct span whole = rig_get(&r->remote, names[i]);
            struct span broken =
                rig_text(r, "%.*s%c%.*s", (int)at, (const char *)whole.p, whole.p[at] ^ 1,
                         (int)(len - at - 1), (const char *)whole.p + at + 1);
            rig_put(r, names[i], broken);
            test_note("%s byte %zu", names[i], at);
            EXPECT(rig_update(r) != TUF_OK);
            rig_free(r);
        }
    }
}

TEST_MAIN
