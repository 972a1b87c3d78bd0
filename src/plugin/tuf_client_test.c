/* The client workflow on a friendly repository: what is fetched, what is stored, how it goes on. */
#include "plugin/tuf_client.h"

#include "base/test.h"
#include "plugin/tuf_rig_test.h"

#include <stdio.h>
#include <string.h>

static void expect_log(const struct rig *r, const char *want)
{
    char got[2048] = "";
    for (size_t i = 0; i < r->log_count; i++) {
        size_t n = strlen(got);
        (void)snprintf(got + n, sizeof got - n, "%s%s", i ? " " : "", r->log[i]);
    }
    EXPECT_STR(want, got);
}

TEST(first_update_fetches_each_once)
{
    struct rig *r = rig_new();
    rig_publish(r, 1);
    EXPECT_EQ(TUF_OK, rig_update(r));
    expect_log(r, "2.root.json timestamp.json 1.snapshot.json 1.targets.json");
    static const char *const pairs[][2] = {
        {"timestamp.json", "timestamp.json" },
        {"snapshot.json",  "1.snapshot.json"},
        {"targets.json",   "1.targets.json" }
    };
    for (size_t i = 0; i < 3; i++) {
        EXPECT_SPAN(rig_get(&r->remote, pairs[i][1]), rig_get(&r->local, pairs[i][0]));
    }
    EXPECT(r->client.is_changed);
    rig_free(r);
}

TEST(nothing_new_costs_the_timestamp)
{
    struct rig *r = rig_new();
    rig_publish(r, 1);
    EXPECT_EQ(TUF_OK, rig_update(r));
    EXPECT_EQ(TUF_OK, rig_update(r));
    expect_log(r, "2.root.json timestamp.json");
    EXPECT(!r->client.is_changed);
    EXPECT_EQ(rig_get(&r->remote, "timestamp.json").n, r->fetched);
    EXPECT_EQ(r->fetched, r->client.bytes_fetched);
    rig_free(r);
}

TEST(a_further_version)
{
    struct rig *r = rig_new();
    rig_publish(r, 1);
    EXPECT_EQ(TUF_OK, rig_update(r));
    rig_publish(r, 2);
    EXPECT_EQ(TUF_OK, rig_update(r));
    expect_log(r, "2.root.json timestamp.json 2.snapshot.json 2.targets.json");
    rig_free(r);
}

TEST(answers_cut_anywhere)
{
    static const size_t segments[] = {1, 2, 7, 64, 1000};
    for (size_t i = 0; i < sizeof segments / sizeof segments[0]; i++) {
        struct rig *r = rig_new();
        rig_publish(r, 1);
        r->segment = segments[i];
        EXPECT_EQ(TUF_OK, rig_update(r));
        EXPECT_SPAN(rig_get(&r->remote, "1.targets.json"), rig_get(&r->local, "targets.json"));
        rig_free(r);
    }
}

TEST(plain_snapshots_have_no_versions_in_names)
{
    struct rig *r = rig_new();
    struct rig_root root = {.is_plain = true};
    rig_publish(r, 1);
    rig_put(r, "1.root.json", rig_sign(r, rig_root_body(r, &root), "01"));
    rig_keep(r, "root.json", rig_get(&r->remote, "1.root.json"));
    rig_put(r, "snapshot.json", rig_get(&r->remote, "1.snapshot.json"));
    rig_put(r, "targets.json", rig_get(&r->remote, "1.targets.json"));
    EXPECT_EQ(TUF_OK, rig_update(r));
    expect_log(r, "2.root.json timestamp.json snapshot.json targets.json");
    EXPECT_EQ(TUF_OK, rig_search(r, "app/one"));
    char url[128] = "";
    struct wr w = wr_init(mspan_of(url, sizeof url - 1));
    EXPECT_OK(tuf_target_url(&r->client, &w, SPAN_LIT("app/one"), tuf_client_target(&r->client)));
    EXPECT_STR("app/one", url);
    rig_free(r);
}

TEST(a_target_found_and_one_not)
{
    struct rig *r = rig_new();
    rig_publish(r, 1);
    EXPECT_EQ(TUF_OK, rig_update(r));
    EXPECT_EQ(TUF_OK, rig_search(r, "app/one"));
    EXPECT_EQ(3, tuf_client_target(&r->client)->length);
    EXPECT_STR("targets", tuf_client_target(&r->client)->role);
    char url[160] = "";
    struct wr w = wr_init(mspan_of(url, sizeof url - 1));
    EXPECT_OK(tuf_target_url(&r->client, &w, SPAN_LIT("app/one"), tuf_client_target(&r->client)));
    EXPECT_STR("app/7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed.one", url);
    EXPECT_EQ(TUF_TARGET_ABSENT, rig_search(r, "app/two"));
    EXPECT_EQ(TUF_OK, rig_search(r, "app/one"));
    rig_free(r);
}

TEST(bytes_of_a_target)
{
    struct rig *r = rig_new();
    struct tuf_fault fault;
    rig_publish(r, 1);
    EXPECT_EQ(TUF_OK, rig_update(r));
    EXPECT_EQ(TUF_OK, rig_search(r, "app/one"));
    const struct tuf_target *target = tuf_client_target(&r->client);
    EXPECT_OK(tuf_target_check(target, SPAN_LIT("one"), &fault));
    EXPECT_ERR(ERR_AUTH, tuf_target_check(target, SPAN_LIT("onf"), &fault));
    EXPECT_EQ(TUF_TARGET_HASH, fault.code);
    EXPECT_ERR(ERR_AUTH, tuf_target_check(target, SPAN_LIT("on"), &fault));
    EXPECT_EQ(TUF_TARGET_LENGTH, fault.code);
    EXPECT_ERR(ERR_AUTH, tuf_target_check(target, SPAN_LIT("one "), &fault));
    EXPECT_EQ(TUF_TARGET_CAP, fault.code);
    rig_free(r);
}

TEST(root_rotates_through_new_keys)
{
    struct rig *r = rig_new();
    struct rig_root second = {.version = 2, .keys = {"178"}};
    struct rig_root third = {.version = 3, .keys = {"789"}};
    rig_publish(r, 1);
    rig_put(r, "2.root.json", rig_sign(r, rig_root_body(r, &second), "0178"));
    rig_put(r, "3.root.json", rig_sign(r, rig_root_body(r, &third), "789"));
    EXPECT_EQ(TUF_OK, rig_update(r));
    expect_log(r,
               "2.root.json 3.root.json 4.root.json timestamp.json 1.snapshot.json 1.targets.json");
    EXPECT_SPAN(rig_get(&r->remote, "3.root.json"), rig_get(&r->local, "root.json"));
    rig_free(r);
}

TEST(an_expired_root_on_the_way_is_passed)
{
    struct rig *r = rig_new();
    struct rig_root first = {.expires = "2020-01-01T00:00:00Z"};
    struct rig_root second = {.version = 2, .expires = "2021-01-01T00:00:00Z"};
    struct rig_root third = {.version = 3};
    rig_publish(r, 1);
    rig_keep(r, "root.json", rig_sign(r, rig_root_body(r, &first), "01"));
    rig_put(r, "2.root.json", rig_sign(r, rig_root_body(r, &second), "01"));
    EXPECT_EQ(TUF_ROOT_EXPIRED, rig_update(r));
    EXPECT_SPAN(rig_get(&r->remote, "2.root.json"), rig_get(&r->local, "root.json"));
    rig_put(r, "3.root.json", rig_sign(r, rig_root_body(r, &third), "01"));
    EXPECT_EQ(TUF_OK, rig_update(r));
    rig_free(r);
}

TEST(at_most_so_many_roots_at_one_time)
{
    struct rig *r = rig_new();
    rig_publish(r, 1);
    for (unsigned v = 2; v <= 6; v++) {
        char name[32];
        struct rig_root root = {.version = v};
        (void)snprintf(name, sizeof name, "%u.root.json", v);
        rig_put(r, name, rig_sign(r, rig_root_body(r, &root), "01"));
    }
    r->cfg.rotations_max = 4;
    EXPECT_EQ(TUF_OK, rig_update(r));
    EXPECT_SPAN(rig_get(&r->remote, "5.root.json"), rig_get(&r->local, "root.json"));
    EXPECT_EQ(TUF_OK, rig_update(r));
    EXPECT_SPAN(rig_get(&r->remote, "6.root.json"), rig_get(&r->local, "root.json"));
    rig_free(r);
}

TEST(a_broken_copy_is_fetched_anew)
{
    static const char *const names[] = {"timestamp.json", "snapshot.json", "targets.json"};
    for (size_t i = 0; i < 3; i++) {
        struct rig *r = rig_new();
        rig_publish(r, 1);
        EXPECT_EQ(TUF_OK, rig_update(r));
        rig_keep(r, names[i], SPAN_LIT("{\"signatures\":[],"));
        test_note("%s", names[i]);
        EXPECT_EQ(TUF_OK, rig_update(r));
        const char *remote = i == 0   ? "timestamp.json"
                             : i == 1 ? "1.snapshot.json"
                                      : "1.targets.json";
        EXPECT_SPAN(rig_get(&r->remote, remote), rig_get(&r->local, names[i]));
        rig_free(r);
    }
}

/* Delegations. */
static void publish_delegations(struct rig *r, const char *top, const char *meta)
{
    rig_publish(r, 1);
    rig_put(r, "1.targets.json", rig_sign(r, rig_targets_body(r, 1, "", top), "56"));
    rig_put(r, "1.snapshot.json", rig_sign(r, rig_snapshot_body(r, 1, 1, meta), "4"));
}

static const char *const some_target = "\"app/two\":{\"hashes\":{\"sha256\":\"00\"},\"length\":1}";

static const char *delegations(struct rig *r, const char *keys, const char *roles)
{
    return (const char *)rig_text(r, ",\"delegations\":{\"keys\":{%s},\"roles\":[%s]}",
                                  rig_keys(r, keys), roles)
        .p;
}

TEST(delegated_roles_are_walked_depth_first)
{
    struct rig *r = rig_new();
    const char *a = rig_delegation(r, "a", '7', "app/*", false);
    const char *b = rig_delegation(r, "b", '8', "app/*", false);
    const char *c = rig_delegation(r, "c", '9', "app/?wo", false);
    const char *other = rig_delegation(r, "other", '9', "lib/*", false);
    publish_delegations(
        r, delegations(r, "789", (const char *)rig_text(r, "%s,%s,%s", other, a, b).p),
        ",\"a.json\":{\"version\":1},\"b.json\":{\"version\":3},\"c.json\":{\"version\":1}");
    rig_put(r, "1.a.json", rig_sign(r, rig_targets_body(r, 1, "", delegations(r, "9", c)), "7"));
    rig_put(r, "1.c.json", rig_sign(r, rig_targets_body(r, 1, "", ""), "9"));
    rig_put(r, "3.b.json", rig_sign(r, rig_targets_body(r, 3, some_target, ""), "8"));
    EXPECT_EQ(TUF_OK, rig_update(r));
    r->log_count = 0;
    EXPECT_EQ(TUF_OK, rig_search(r, "app/two"));
    expect_log(r, "1.a.json 1.c.json 3.b.json");
    EXPECT_STR("b", tuf_client_target(&r->client)->role);
    EXPECT_SPAN(rig_get(&r->remote, "3.b.json"), rig_get(&r->local, "b.json"));
    r->log_count = 0;
    EXPECT_EQ(TUF_OK, rig_search(r, "app/two"));
    expect_log(r, "");
    EXPECT_EQ(TUF_TARGET_ABSENT, rig_search(r, "app/three"));
    rig_free(r);
}

TEST(a_terminating_delegation_ends_the_search)
{
    struct rig *r = rig_new();
    const char *a = rig_delegation(r, "a", '7', "app/*", true);
    const char *b = rig_delegation(r, "b", '8', "app/*", false);
    publish_delegations(r, delegations(r, "78", (const char *)rig_text(r, "%s,%s", a, b).p),
                        ",\"a.json\":{\"version\":1},\"b.json\":{\"version\":1}");
    rig_put(r, "1.a.json", rig_sign(r, rig_targets_body(r, 1, "", ""), "7"));
    rig_put(r, "1.b.json", rig_sign(r, rig_targets_body(r, 1, some_target, ""), "8"));
    EXPECT_EQ(TUF_OK, rig_update(r));
    EXPECT_EQ(TUF_TARGET_ABSENT, rig_search(r, "app/two"));
    rig_free(r);
}

TEST(roles_that_delegate_in_a_circle)
{
    struct rig *r = rig_new();
    const char *a = rig_delegation(r, "a", '7', "*/*", false);
    const char *b = rig_delegation(r, "b", '8', "*/*", false);
    publish_delegations(r, delegations(r, "7", a),
                        ",\"a.json\":{\"version\":1},\"b.json\":{\"version\":1}");
    rig_put(r, "1.a.json", rig_sign(r, rig_targets_body(r, 1, "", delegations(r, "8", b)), "7"));
    rig_put(r, "1.b.json", rig_sign(r, rig_targets_body(r, 1, "", delegations(r, "7", a)), "8"));
    EXPECT_EQ(TUF_OK, rig_update(r));
    r->log_count = 0;
    EXPECT_EQ(TUF_TARGET_ABSENT, rig_search(r, "app/two"));
    expect_log(r, "1.a.json 1.b.json");
    rig_free(r);
}

TEST(succinct_roles_by_the_hash_of_the_path)
{
    struct rig *r = rig_new();
    /* SHA-256 of app/two begins with the byte that decides; 4 bits give one digit. */
    struct hash32 hash;
    sha256(&hash, SPAN_LIT("app/two"));
    char name[32];
    (void)snprintf(name, sizeof name, "bin-%x", hash.bytes[0] >> 4);
    const char *top =
        (const char *)rig_text(r,
                               ",\"delegations\":{\"keys\":{%s},\"succinct_roles\":{\"bit_length\":"
                               "4,\"keyids\":[\"%s\"],\"name_prefix\":\"bin\",\"threshold\":1}}",
                               rig_keys(r, "7"), rig_id(r, '7'))
            .p;
    publish_delegations(r, top, (const char *)rig_text(r, ",\"%s.json\":{\"version\":1}", name).p);
    rig_put(r, (const char *)rig_text(r, "1.%s.json", name).p,
            rig_sign(r, rig_targets_body(r, 1, some_target, ""), "7"));
    EXPECT_EQ(TUF_OK, rig_update(r));
    EXPECT_EQ(TUF_OK, rig_search(r, "app/two"));
    EXPECT_STR(name, tuf_client_target(&r->client)->role);
    rig_free(r);
}

TEST(a_role_by_the_prefix_of_the_hash)
{
    struct rig *r = rig_new();
    struct hash32 hash;
    sha256(&hash, SPAN_LIT("app/two"));
    const char *role =
        (const char *)rig_text(r,
                               "{\"keyids\":[\"%s\"],\"name\":\"a\",\"path_hash_prefixes\":[\"zz\","
                               "\"%02x\"],\"terminating\":false,\"threshold\":1}",
                               rig_id(r, '7'), hash.bytes[0])
            .p;
    publish_delegations(r, delegations(r, "7", role), ",\"a.json\":{\"version\":1}");
    rig_put(r, "1.a.json", rig_sign(r, rig_targets_body(r, 1, some_target, ""), "7"));
    EXPECT_EQ(TUF_OK, rig_update(r));
    EXPECT_EQ(TUF_OK, rig_search(r, "app/two"));
    rig_free(r);
}

TEST(names_of_roles_are_escaped_in_files)
{
    static const struct {
        const char *role; /* as JSON text */
        const char *file;
    } cases[] = {
        {"a/b",      "a%2Fb.json"    },
        {"../x",     "%2E.%2Fx.json" },
        {"..",       "%2E..json"     },
        {"?#",       "%3F%23.json"   },
        {"\xc3\xb6", "%C3%B6.json"   },
        {"a b~-_.",  "a%20b~-_..json"},
        {"1.root",   "1.root.json"   },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rig *r = rig_new();
        test_note("%s", cases[i].role);
        publish_delegations(
            r, delegations(r, "7", rig_delegation(r, cases[i].role, '7', "*/*", false)),
            (const char *)rig_text(r, ",\"%s.json\":{\"version\":1}", cases[i].role).p);
        char remote[64];
        (void)snprintf(remote, sizeof remote, "1.%s",
                       cases[i].file[0] == '%' && cases[i].file[2] == 'E' ? "" : cases[i].file);
        if (!remote[2]) {
            (void)snprintf(remote, sizeof remote, "1..%s", cases[i].file + 3);
        }
        rig_put(r, remote, rig_sign(r, rig_targets_body(r, 1, some_target, ""), "7"));
        EXPECT_EQ(TUF_OK, rig_update(r));
        EXPECT_EQ(TUF_OK, rig_search(r, "app/two"));
        EXPECT(rig_get(&r->local, cases[i].file).n > 0);
        rig_free(r);
    }
}

TEST(patterns)
{
    static const struct {
        const char *pattern;
        const char *path;
        bool matches;
    } cases[] = {
        {"",        "",          true },
        {"a",       "a",         true },
        {"a",       "b",         false},
        {"a",       "ab",        false},
        {"ab",      "a",         false},
        {"*",       "",          true },
        {"*",       "abc",       true },
        {"*",       "a/b",       false},
        {"*/*",     "a/b",       true },
        {"*/*",     "a/b/c",     false},
        {"a*c",     "abbc",      true },
        {"a*c",     "abcb",      false},
        {"*.tgz",   "x.tgz.tgz", true },
        {"*a*b",    "xaybzb",    true },
        {"*a*b",    "xa/ybzb",   false},
        {"?",       "a",         true },
        {"?",       "",          false},
        {"?",       "/",         false},
        {"a/?-*",   "a/1-x",     true },
        {"foo-?.t", "foo-aa.t",  false},
        {"**",      "abc",       true },
        {"**",      "a/c",       false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s %s", cases[i].pattern, cases[i].path);
        EXPECT_EQ(cases[i].matches,
                  tuf_path_matches(span_str(cases[i].pattern), span_str(cases[i].path)));
    }
}

TEST(dates)
{
    static const struct {
        const char *text;
        uint64_t s;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0                     },
        {"2000-02-29T12:00:00Z", 951825600             },
        {"2026-11-26T04:32:46Z", 1795667566            },
        {"2038-01-19T03:14:08Z", UINT64_C(2147483648)  },
        {"9999-12-31T23:59:59Z", UINT64_C(253402300799)},
    };
    static const char *const refused[] = {"",
                                          "2026-11-26",
                                          "2026-11-26T04:32:46",
                                          "2026-11-26T04:32:46z",
                                          "2026-11-26T04:32:46.0Z",
                                          "2026-11-26T04:32:46+00:00",
                                          "2026-13-01T00:00:00Z",
                                          "2026-00-01T00:00:00Z",
                                          "2026-02-29T00:00:00Z",
                                          "2100-02-29T00:00:00Z",
                                          "2026-01-32T00:00:00Z",
                                          "2026-01-00T00:00:00Z",
                                          "2026-01-01T24:00:00Z",
                                          "2026-01-01T00:60:00Z",
                                          "2026-01-01T00:00:60Z",
                                          "1969-12-31T23:59:59Z",
                                          "2026-1-01T00:00:00Z",
                                          " 2026-01-01T00:00:00Z",
                                          "2026-01-01T00:00:00Z ",
                                          "-026-01-01T00:00:00Z"};
    walltime t;
    char text[TUF_TIME_TEXT_LEN];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        test_note("%s", good[i].text);
        EXPECT_OK(tuf_time_parse(&t, span_str(good[i].text)));
        EXPECT_EQ(good[i].s, t.s);
        tuf_time_print(text, t);
        EXPECT_STR(good[i].text, text);
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        test_note("%s", refused[i]);
        EXPECT_ERR(ERR_MALFORMED, tuf_time_parse(&t, span_str(refused[i])));
    }
}

TEST(memory_that_runs_out_is_a_fault)
{
    struct rig *r = rig_new();
    struct budget small;
    struct tuf_event e;
    rig_publish(r, 1);
    budget_init(&small, test_budget(), "small", 200 << 10);
    EXPECT_OK(tuf_client_init(&r->client, &small, &r->cfg));
    EXPECT(tuf_client_poll(&r->client, &e));
    static uint8_t flood[100 << 10];
    EXPECT_ERR(ERR_LIMIT, tuf_client_recv(&r->client, SPAN_OF(flood)));
    EXPECT_OK(tuf_client_end(&r->client, TUF_ANSWER_WHOLE));
    EXPECT(tuf_client_poll(&r->client, &e));
    EXPECT_EQ(TUF_EVENT_FAILED, e.type);
    EXPECT_EQ(TUF_MEMORY, tuf_client_fault(&r->client)->code);
    tuf_client_done(&r->client);
    budget_done(&small);
    rig_free(r);
}

TEST(answers_that_nobody_asked_for)
{
    struct rig *r = rig_new();
    rig_publish(r, 1);
    EXPECT_EQ(TUF_OK, rig_update(r));
    EXPECT_ERR(ERR_STATE, tuf_client_recv(&r->client, SPAN_LIT("x")));
    EXPECT_ERR(ERR_STATE, tuf_client_end(&r->client, TUF_ANSWER_WHOLE));
    char longer[TUF_TARGET_NAME_MAX + 2];
    memset(longer, 'a', sizeof longer);
    EXPECT_ERR(ERR_LIMIT, tuf_client_search(&r->client, span_of(longer, TUF_TARGET_NAME_MAX + 1)));
    EXPECT_OK(tuf_client_search(&r->client, span_of(longer, TUF_TARGET_NAME_MAX)));
    EXPECT_ERR(ERR_STATE, tuf_client_search(&r->client, SPAN_LIT("app/one")));
    rig_free(r);
}

TEST_MAIN
