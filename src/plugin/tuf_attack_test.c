/* A hostile repository, and one between it and the client. Each case names the step and the attack that the client has to answer with,
 * and after each nothing wrong is stored: what the client keeps is still good, and with the repository healed it goes on. */
#include "plugin/tuf_client.h"

#include "base/test.h"
#include "plugin/tuf_rig_test.h"

#include <stdio.h>
#include <string.h>

struct hostile_case {
    const char *name;
    void (*attack)(struct rig *r);
    enum tuf_code code;
    const char *section;
    const char *attack_name;
    const char *rule; /* part of the reason inside, or NULL */
};

static struct span doc(struct rig *r, struct span body, const char *keys)
{
    return rig_sign(r, body, keys);
}

static void timestamp(struct rig *r, unsigned version, unsigned snapshot, const char *keys)
{
    rig_put(r, "timestamp.json", doc(r, rig_timestamp_body(r, version, snapshot), keys));
}

/* A timestamp of version 2 that names snapshot 2, as all cases about later documents need. */
static void snapshot(struct rig *r, struct span body, const char *keys)
{
    timestamp(r, 2, 2, "3");
    rig_put(r, "2.snapshot.json", doc(r, body, keys));
}

static void targets(struct rig *r, struct span body, const char *keys)
{
    snapshot(r, rig_snapshot_body(r, 2, 2, ""), "4");
    rig_put(r, "2.targets.json", doc(r, body, keys));
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

static void cut(struct rig *r, const char *name)
{
    struct span whole = rig_get(&r->remote, name);
    rig_put(r, name, span_first(whole, whole.n - 1));
}

static void flood(struct rig *r, const char *name, size_t len)
{
    rig_put(r, name, rig_text(r, "%*s", (int)len, "x"));
}

/* Alter. */
static void alter_timestamp(struct rig *r)
{
    timestamp(r, 2, 2, "3");
    change(r, "timestamp.json", "\"version\":2}}", "\"version\":9}}");
}
static void alter_snapshot(struct rig *r)
{
    snapshot(r, rig_snapshot_body(r, 2, 2, ""), "4");
    change(r, "2.snapshot.json", "\"version\":2}}", "\"version\":9}}");
}
static void alter_targets(struct rig *r)
{
    targets(r, rig_targets_body(r, 2, "\"a\":{\"hashes\":{\"sha256\":\"00\"},\"length\":1}", ""),
            "56");
    change(r, "2.targets.json", "\"length\":1", "\"length\":9");
}
static void alter_root(struct rig *r)
{
    root(r, (struct rig_root){0}, "01");
    change(r, "2.root.json", "2027-01-01", "2029-01-01");
}
static void unsigned_targets(struct rig *r)
{
    targets(r, rig_targets_body(r, 2, "", ""), "");
}
static void below_threshold(struct rig *r)
{
    targets(r, rig_targets_body(r, 2, "", ""), "5");
}
static void by_other_keys(struct rig *r)
{
    targets(r, rig_targets_body(r, 2, "", ""), "34");
}
/* Truncate. */
static void cut_timestamp(struct rig *r)
{
    timestamp(r, 2, 2, "3");
    cut(r, "timestamp.json");
}
static void cut_snapshot(struct rig *r)
{
    snapshot(r, rig_snapshot_body(r, 2, 2, ""), "4");
    cut(r, "2.snapshot.json");
}
static void cut_targets(struct rig *r)
{
    targets(r, rig_targets_body(r, 2, "", ""), "56");
    cut(r, "2.targets.json");
}
static void cut_root(struct rig *r)
{
    root(r, (struct rig_root){0}, "01");
    cut(r, "2.root.json");
}
static void empty_timestamp(struct rig *r)
{
    rig_put(r, "timestamp.json", SPAN_LIT(""));
}
/* Withhold. */
static void withhold_timestamp(struct rig *r)
{
    rig_remove(&r->remote, "timestamp.json");
}
static void withhold_snapshot(struct rig *r)
{
    timestamp(r, 2, 2, "3");
}
static void withhold_targets(struct rig *r)
{
    snapshot(r, rig_snapshot_body(r, 2, 2, ""), "4");
}
static void root_that_cannot_be_had(struct rig *r)
{
    r->is_failing = true;
}
/* Replay and rollback. */
static void replay_timestamp(struct rig *r)
{
    struct span old = rig_get(&r->remote, "timestamp.json");
    rig_publish(r, 2);
    EXPECT_EQ(TUF_OK, rig_update(r));
    rig_put(r, "timestamp.json", old);
}
static void rollback_named_snapshot(struct rig *r)
{
    rig_publish(r, 2);
    EXPECT_EQ(TUF_OK, rig_update(r));
    timestamp(r, 3, 1, "3");
}
static void rollback_targets(struct rig *r)
{
    rig_publish(r, 2);
    EXPECT_EQ(TUF_OK, rig_update(r));
    timestamp(r, 3, 3, "3");
    rig_put(r, "3.snapshot.json", doc(r, rig_snapshot_body(r, 3, 1, ""), "4"));
}
static void rollback_missing_role(struct rig *r)
{
    snapshot(r, rig_snapshot_body(r, 2, 1, ",\"a.json\":{\"version\":1}"), "4");
    EXPECT_EQ(TUF_OK, rig_update(r));
    timestamp(r, 3, 3, "3");
    rig_put(r, "3.snapshot.json", doc(r, rig_snapshot_body(r, 3, 1, ""), "4"));
}
static void rollback_root(struct rig *r)
{
    rig_put(r, "2.root.json", rig_get(&r->remote, "1.root.json"));
}
static void skip_a_root(struct rig *r)
{
    root(r, (struct rig_root){.version = 3}, "01");
}
/* Delay: the same documents, later. */
static void later(struct rig *r)
{
    r->cfg.start.s += 400 * UINT64_C(86400);
}
static void freeze_root(struct rig *r)
{
    root(r, (struct rig_root){.expires = "2026-05-31T23:59:59Z"}, "01");
}
static void freeze_timestamp(struct rig *r)
{
    rig_put(r, "timestamp.json",
            doc(r, rig_replace(r, rig_timestamp_body(r, 2, 1), RIG_EXPIRES, RIG_NOW), "3"));
}
static void freeze_snapshot(struct rig *r)
{
    snapshot(r, rig_replace(r, rig_snapshot_body(r, 2, 1, ""), RIG_EXPIRES, RIG_NOW), "4");
}
static void freeze_targets(struct rig *r)
{
    targets(r, rig_replace(r, rig_targets_body(r, 2, "", ""), RIG_EXPIRES, RIG_NOW), "56");
}
static void set_clock_back(struct rig *r)
{
    r->cfg.time_min.s = r->cfg.start.s + 1;
}
/* Swap. */
static void swap_snapshot_for_timestamp(struct rig *r)
{
    rig_put(r, "timestamp.json", rig_get(&r->remote, "1.snapshot.json"));
}
static void swap_targets_for_snapshot(struct rig *r)
{
    timestamp(r, 2, 2, "3");
    rig_put(r, "2.snapshot.json", rig_get(&r->remote, "1.targets.json"));
}
/* Flood. */
static void flood_root(struct rig *r)
{
    flood(r, "2.root.json", 512001);
}
static void flood_timestamp(struct rig *r)
{
    flood(r, "timestamp.json", 16385);
}
static void flood_snapshot(struct rig *r)
{
    r->cfg.snapshot_len_max = 4096;
    timestamp(r, 2, 2, "3");
    flood(r, "2.snapshot.json", 4097);
}
static void flood_listed_snapshot(struct rig *r)
{
    rig_put(r, "timestamp.json",
            doc(r,
                rig_replace(r, rig_timestamp_body(r, 2, 2), "{\"version\":2}",
                            "{\"length\":100,\"version\":2}"),
                "3"));
    flood(r, "2.snapshot.json", 101);
}
static void flood_targets(struct rig *r)
{
    r->cfg.targets_len_max = 4096;
    snapshot(r, rig_snapshot_body(r, 2, 2, ""), "4");
    flood(r, "2.targets.json", 4097);
}
static void many_signatures(struct rig *r)
{
    const char *all = "";
    for (unsigned i = 0; i <= TUF_SIGNATURES_MAX; i++) {
        all = (const char *)rig_text(r, "%s%s{\"keyid\":\"%u\",\"sig\":\"\"}", all, i ? "," : "", i)
                  .p;
    }
    struct span body = rig_timestamp_body(r, 2, 2);
    rig_put(r, "timestamp.json",
            rig_text(r, "{\"signatures\":[%s],\"signed\":%.*s}", all, (int)body.n,
                     (const char *)body.p));
}
/* Mix and match. */
static void mix_snapshot_version(struct rig *r)
{
    snapshot(r, rig_snapshot_body(r, 3, 1, ""), "4");
}
static void mix_snapshot_hash(struct rig *r)
{
    rig_put(r, "timestamp.json",
            doc(r,
                rig_replace(r, rig_timestamp_body(r, 2, 1), "{\"version\":1}",
                            "{\"hashes\":{\"sha256\":"
                            "\"7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed\"},"
                            "\"version\":1}"),
                "3"));
}
static void mix_targets_version(struct rig *r)
{
    targets(r, rig_targets_body(r, 3, "", ""), "56");
}
static void mix_targets_hash(struct rig *r)
{
    snapshot(
        r,
        rig_replace(
            r, rig_snapshot_body(r, 2, 1, ""), "{\"version\":1}",
            "{\"hashes\":{\"sha256\":"
            "\"7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed\"},\"version\":1}"),
        "4");
}
static void mix_unknown_hash_alone(struct rig *r)
{
    snapshot(r,
             rig_replace(r, rig_snapshot_body(r, 2, 1, ""), "{\"version\":1}",
                         "{\"hashes\":{\"md5\":\"00\"},\"version\":1}"),
             "4");
}
static void unlisted_targets(struct rig *r)
{
    snapshot(r, rig_replace(r, rig_snapshot_body(r, 2, 1, ""), "targets.json", "other.json"), "4");
    rig_remove(&r->local, "snapshot.json");
}
/* Stolen and lost keys. */
static void stolen_timestamp_key(struct rig *r)
{
    timestamp(r, 2, 2, "3");
    rig_put(r, "2.snapshot.json", doc(r, rig_snapshot_body(r, 2, 2, ""), "3"));
}
static void too_many_root_keys_lost(struct rig *r)
{
    root(r, (struct rig_root){.keys = {"289"}}, "289");
}
static void new_root_not_signed_by_its_own(struct rig *r)
{
    root(r, (struct rig_root){.keys = {"789"}}, "017");
}
static void same_key_under_two_ids(struct rig *r)
{
    /* The threshold of targets is 2; key 5 stands under its id and under another. */
    struct span body =
        rig_root_body(r, &(struct rig_root){.version = 2, .keys = {[TUF_TARGETS] = "5"}});
    const char *id = rig_id(r, '5');
    body = rig_replace(r, body, (const char *)rig_text(r, "[\"%s\"]", id).p,
                       (const char *)rig_text(r, "[\"%s\",\"other\"]", id).p);
    body = rig_replace(
        r, body, "\"keys\":{",
        (const char *)rig_text(r, "\"keys\":{\"other\":%s,", strchr(rig_keys(r, "5"), '{')).p);
    rig_put(r, "2.root.json", doc(r, body, "01"));
    targets(r, rig_targets_body(r, 2, "", ""), "5");
    struct span twice = rig_get(&r->remote, "2.targets.json");
    struct span entry = rig_replace(r, twice, "{\"signatures\":[", "");
    size_t end = span_find(entry, ']');
    struct span copy =
        rig_replace(r, rig_text(r, "%.*s", (int)end, (const char *)entry.p), id, "other");
    rig_put(r, "2.targets.json",
            rig_replace(r, twice, "{\"signatures\":[",
                        (const char *)rig_text(r, "{\"signatures\":[%s,", (const char *)copy.p).p));
}
static void same_signature_twice(struct rig *r)
{
    targets(r, rig_targets_body(r, 2, "", ""), "5");
    struct span once = rig_get(&r->remote, "2.targets.json");
    struct span entry = rig_replace(r, once, "{\"signatures\":[", "");
    rig_put(r, "2.targets.json",
            rig_replace(r, once, "{\"signatures\":[",
                        (const char *)rig_text(r, "{\"signatures\":[%.*s,",
                                               (int)span_find(entry, ']'), (const char *)entry.p)
                            .p));
}
static void threshold_0(struct rig *r)
{
    struct span body = rig_root_body(r, &(struct rig_root){.version = 2});
    rig_put(r, "2.root.json",
            doc(r, rig_replace(r, body, "\"threshold\":1", "\"threshold\":0"), "01"));
}
static void threshold_negative(struct rig *r)
{
    struct span body = rig_root_body(r, &(struct rig_root){.version = 2});
    rig_put(r, "2.root.json",
            doc(r, rig_replace(r, body, "\"threshold\":1", "\"threshold\":-1"), "01"));
}
static void threshold_above_keys(struct rig *r)
{
    root(r, (struct rig_root){.threshold = {[TUF_TIMESTAMP] = 2}}, "01");
    timestamp(r, 2, 2, "3");
}
static void key_id_twice_in_role(struct rig *r)
{
    struct span body = rig_root_body(r, &(struct rig_root){.version = 2});
    const char *id = rig_id(r, '3');
    body = rig_replace(r, body, (const char *)rig_text(r, "[\"%s\"]", id).p,
                       (const char *)rig_text(r, "[\"%s\",\"%s\"]", id, id).p);
    rig_put(r, "2.root.json", doc(r, body, "01"));
}
/* A timestamp key that is no key: the new root gives it, and then nothing that it "signs" counts. */
static void odd_timestamp_key(struct rig *r, const char *key)
{
    struct span body = rig_root_body(r, &(struct rig_root){.version = 2});
    const char *id = rig_id(r, '3');
    body =
        rig_replace(r, body, rig_keys(r, "3"), (const char *)rig_text(r, "\"%s\":%s", id, key).p);
    rig_put(r, "2.root.json", doc(r, body, "01"));
    timestamp(r, 2, 2, "3");
}
static void short_ed25519_key(struct rig *r)
{
    odd_timestamp_key(r, "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":"
                         "\"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f70751\"}}");
}
static void long_ed25519_key(struct rig *r)
{
    odd_timestamp_key(r,
                      "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":"
                      "\"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a00\"}}");
}
static void key_of_unknown_type(struct rig *r)
{
    odd_timestamp_key(r,
                      "{\"keytype\":\"rot13\",\"scheme\":\"rot13\",\"keyval\":{\"public\":\"x\"}}");
}
static void pem_that_is_none(struct rig *r)
{
    odd_timestamp_key(
        r, "{\"keytype\":\"ecdsa\",\"scheme\":\"ecdsa-sha2-nistp256\",\"keyval\":{\"public\":"
           "\"-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----\\n\"}}");
}
static void null_key(struct rig *r)
{
    odd_timestamp_key(r, "null");
}
static void null_public(struct rig *r)
{
    odd_timestamp_key(
        r, "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":null}}");
}
/* JSON. */
static void raw_timestamp(struct rig *r, const char *from, const char *to)
{
    timestamp(r, 2, 2, "3");
    change(r, "timestamp.json", from, to);
}
static void duplicate_json_key(struct rig *r)
{
    raw_timestamp(r, "\"version\":2}}", "\"version\":2},\"snapshot.json\":{\"version\":3}}");
}
static void duplicate_by_escape(struct rig *r)
{
    raw_timestamp(r, "\"_type\"", "\"\\u005ftype\":\"root\",\"_type\"");
}
static void lone_surrogate(struct rig *r)
{
    raw_timestamp(r, "\"_type\"", "\"x\":\"\\ud800\",\"_type\"");
}
static void not_utf8(struct rig *r)
{
    raw_timestamp(r, "\"_type\"", "\"x\":\"\xff\",\"_type\"");
}
static void deep_nesting(struct rig *r)
{
    static const char deep[] =
        "\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],\"_type\"";
    raw_timestamp(r, "\"_type\"", deep);
}
static void float_version(struct rig *r)
{
    raw_timestamp(r, "\"version\":2}", "\"version\":2.0}");
}
static void float_anywhere(struct rig *r)
{
    raw_timestamp(r, "\"_type\"", "\"x\":1.5,\"_type\"");
}
static void huge_number(struct rig *r)
{
    raw_timestamp(r, "\"version\":2}", "\"version\":9223372036854775808}");
}
static void text_behind(struct rig *r)
{
    raw_timestamp(r, "]", "]");
    struct span t = rig_get(&r->remote, "timestamp.json");
    rig_put(r, "timestamp.json", rig_text(r, "%.*s{}", (int)t.n, (const char *)t.p));
}
static void version_0(struct rig *r)
{
    timestamp(r, 0, 2, "3");
}
static void other_specification(struct rig *r)
{
    rig_put(r, "timestamp.json",
            doc(r, rig_replace(r, rig_timestamp_body(r, 2, 2), "1.0.34", "2.0.0"), "3"));
}
static void empty_hashes(struct rig *r)
{
    targets(r, rig_targets_body(r, 2, "\"a\":{\"hashes\":{},\"length\":1}", ""), "56");
}
static void negative_length(struct rig *r)
{
    targets(r, rig_targets_body(r, 2, "\"a\":{\"hashes\":{\"sha256\":\"00\"},\"length\":-1}", ""),
            "56");
}
static void delegation(struct rig *r, const char *name)
{
    const char *top =
        (const char *)rig_text(r, ",\"delegations\":{\"keys\":{%s},\"roles\":[%s]}",
                               rig_keys(r, "7"), rig_delegation(r, name, '7', "*", false))
            .p;
    targets(r, rig_targets_body(r, 2, "", top), "56");
}
static void delegation_called_root(struct rig *r)
{
    delegation(r, "root");
}
static void delegation_called_timestamp_escaped(struct rig *r)
{
    delegation(r, "\\u0074imestamp");
}
static void delegation_without_name(struct rig *r)
{
    delegation(r, "");
}
static void delegation_with_long_name(struct rig *r)
{
    delegation(r, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                  "aaaaaaaaaaaaaaaaaaaaa");
}

static const struct hostile_case cases[] = {
    {"alter the timestamp",                   alter_timestamp,                     TUF_TIMESTAMP_SIGNED,   "5.4.2",   "arbitrary software",
     "does not hold"                                                                                                                                                          },
    {"alter the snapshot",                    alter_snapshot,                      TUF_SNAPSHOT_SIGNED,    "5.5.3",   "arbitrary software",
     "does not hold"                                                                                                                                                          },
    {"alter the targets",                     alter_targets,                       TUF_TARGETS_SIGNED,     "5.6.3",   "arbitrary software",
     "does not hold"                                                                                                                                                          },
    {"alter the root",                        alter_root,                          TUF_ROOT_SIGNED_BY_OLD, "5.3.4",   "arbitrary software",
     "does not hold"                                                                                                                                                          },
    {"targets without signatures",            unsigned_targets,                    TUF_TARGETS_SIGNED,     "5.6.3",
     "arbitrary software",                                                                                                                  "too few"                         },
    {"targets with one signature of two",     below_threshold,                     TUF_TARGETS_SIGNED,     "5.6.3",
     "arbitrary software",                                                                                                                  "too few"                         },
    {"targets signed by other roles' keys",   by_other_keys,                       TUF_TARGETS_SIGNED,     "5.6.3",
     "arbitrary software",                                                                                                                  "no key of the role"              },
    {"truncate the timestamp",                cut_timestamp,                       TUF_TIMESTAMP_FORMAT,   "5.4.2",   "arbitrary software",
     "too early"                                                                                                                                                              },
    {"truncate the snapshot",                 cut_snapshot,                        TUF_SNAPSHOT_FORMAT,    "5.5.3",   "arbitrary software",
     "too early"                                                                                                                                                              },
    {"truncate the targets",                  cut_targets,                         TUF_TARGETS_FORMAT,     "5.6.3",   "arbitrary software",
     "too early"                                                                                                                                                              },
    {"truncate the root",                     cut_root,                            TUF_ROOT_FORMAT,        "5.3.4",   "arbitrary software", "too early"                       },
    {"an empty timestamp",                    empty_timestamp,                     TUF_TIMESTAMP_FORMAT,   "5.4.2",   "arbitrary software",
     "too early"                                                                                                                                                              },
    {"withhold the timestamp",                withhold_timestamp,                  TUF_TIMESTAMP_FETCH,    "5.4.1",   "withholding",
     NULL                                                                                                                                                                     },
    {"withhold the snapshot",                 withhold_snapshot,                   TUF_SNAPSHOT_FETCH,     "5.5.1",   "withholding",        NULL                              },
    {"withhold the targets",                  withhold_targets,                    TUF_TARGETS_FETCH,      "5.6.1",   "withholding",        NULL                              },
    {"a root that cannot be had",             root_that_cannot_be_had,             TUF_ROOT_FETCH,         "5.3.3",   "withholding",
     NULL                                                                                                                                                                     },
    {"replay an old timestamp",               replay_timestamp,                    TUF_TIMESTAMP_VERSION,  "5.4.3.1", "rollback",
     NULL                                                                                                                                                                     },
    {"roll the named snapshot back",          rollback_named_snapshot,             TUF_TIMESTAMP_SNAPSHOT, "5.4.3.2",
     "rollback",                                                                                                                            NULL                              },
    {"roll the targets back",                 rollback_targets,                    TUF_SNAPSHOT_ROLLBACK,  "5.5.5",   "rollback",           NULL                              },
    {"a role that was listed is gone",        rollback_missing_role,               TUF_SNAPSHOT_MISSING,   "5.5.5",
     "rollback",                                                                                                                            NULL                              },
    {"the old root again",                    rollback_root,                       TUF_ROOT_VERSION,       "5.3.5",   "rollback",           NULL                              },
    {"a root is skipped",                     skip_a_root,                         TUF_ROOT_VERSION,       "5.3.5",   "rollback",           NULL                              },
    {"delay everything",                      later,                               TUF_ROOT_EXPIRED,       "5.3.10",  "freeze",             NULL                              },
    {"freeze the root",                       freeze_root,                         TUF_ROOT_EXPIRED,       "5.3.10",  "freeze",             NULL                              },
    {"freeze the timestamp",                  freeze_timestamp,                    TUF_TIMESTAMP_EXPIRED,  "5.4.4",   "freeze",             NULL                              },
    {"freeze the snapshot",                   freeze_snapshot,                     TUF_SNAPSHOT_EXPIRED,   "5.5.6",   "freeze",             NULL                              },
    {"freeze the targets",                    freeze_targets,                      TUF_TARGETS_EXPIRED,    "5.6.5",   "freeze",             NULL                              },
    {"set the clock back",                    set_clock_back,                      TUF_CLOCK,              "5.1",     "freeze",             NULL                              },
    {"the snapshot as timestamp",             swap_snapshot_for_timestamp,         TUF_TIMESTAMP_FORMAT,   "5.4.2",
     "arbitrary software",                                                                                                                  "_type"                           },
    {"the targets as snapshot",               swap_targets_for_snapshot,           TUF_SNAPSHOT_FORMAT,    "5.5.3",
     "arbitrary software",                                                                                                                  "_type"                           },
    {"flood with a root",                     flood_root,                          TUF_ROOT_CAP,           "5.3.3",   "endless data",       NULL                              },
    {"flood with a timestamp",                flood_timestamp,                     TUF_TIMESTAMP_CAP,      "5.4.1",   "endless data",       NULL                              },
    {"flood with a snapshot",                 flood_snapshot,                      TUF_SNAPSHOT_CAP,       "5.5.1",   "endless data",       NULL                              },
    {"a snapshot longer than listed",         flood_listed_snapshot,               TUF_SNAPSHOT_CAP,       "5.5.1",
     "endless data",                                                                                                                        NULL                              },
    {"flood with targets",                    flood_targets,                       TUF_TARGETS_CAP,        "5.6.1",   "endless data",       NULL                              },
    {"flood with signatures",                 many_signatures,                     TUF_TIMESTAMP_FORMAT,   "5.4.2",   "arbitrary software",
     "too many signatures"                                                                                                                                                    },
    {"another snapshot than named",           mix_snapshot_version,                TUF_SNAPSHOT_VERSION,   "5.5.4",
     "mix and match",                                                                                                                       NULL                              },
    {"a snapshot of another hash",            mix_snapshot_hash,                   TUF_SNAPSHOT_HASH,      "5.5.2",   "mix and match",
     NULL                                                                                                                                                                     },
    {"other targets than named",              mix_targets_version,                 TUF_TARGETS_VERSION,    "5.6.4",   "mix and match",
     NULL                                                                                                                                                                     },
    {"targets of another hash",               mix_targets_hash,                    TUF_TARGETS_HASH,       "5.6.2",   "mix and match",      NULL                              },
    {"only a hash that we do not know",       mix_unknown_hash_alone,              TUF_TARGETS_HASH,       "5.6.2",
     "mix and match",                                                                                                                       NULL                              },
    {"a snapshot without targets",            unlisted_targets,                    TUF_TARGETS_UNLISTED,   "5.6.1",   "mix and match",
     NULL                                                                                                                                                                     },
    {"stolen timestamp key signs a snapshot", stolen_timestamp_key,                TUF_SNAPSHOT_SIGNED,    "5.5.3",
     "arbitrary software",                                                                                                                  "no key of the role"              },
    {"too many root keys are lost",           too_many_root_keys_lost,             TUF_ROOT_SIGNED_BY_OLD, "5.3.4",
     "arbitrary software",                                                                                                                  NULL                              },
    {"a new root without its own keys",       new_root_not_signed_by_its_own,      TUF_ROOT_SIGNED_BY_NEW,
     "5.3.4",                                                                                                         "arbitrary software", NULL                              },
    {"one key under two ids",                 same_key_under_two_ids,              TUF_TARGETS_SIGNED,     "5.6.3",
     "arbitrary software",                                                                                                                  "one key signed under two key ids"},
    {"one signature twice",                   same_signature_twice,                TUF_TARGETS_FORMAT,     "5.6.3",   "arbitrary software",
     "two signatures under one key id"                                                                                                                                        },
    {"threshold 0",                           threshold_0,                         TUF_ROOT_FORMAT,        "5.3.4",   "arbitrary software", "at least 1"                      },
    {"threshold -1",                          threshold_negative,                  TUF_ROOT_FORMAT,        "5.3.4",   "arbitrary software",
     "at least 1"                                                                                                                                                             },
    {"threshold above the number of keys",    threshold_above_keys,                TUF_TIMESTAMP_SIGNED,   "5.4.2",
     "arbitrary software",                                                                                                                  "too few"                         },
    {"a key id twice in a role",              key_id_twice_in_role,                TUF_ROOT_FORMAT,        "5.3.4",
     "arbitrary software",                                                                                                                  "twice"                           },
    {"an Ed25519 key of 31 bytes",            short_ed25519_key,                   TUF_TIMESTAMP_SIGNED,   "5.4.2",
     "arbitrary software",                                                                                                                  "wrong length"                    },
    {"an Ed25519 key of 33 bytes",            long_ed25519_key,                    TUF_TIMESTAMP_SIGNED,   "5.4.2",
     "arbitrary software",                                                                                                                  "wrong length"                    },
    {"a key of unknown type",                 key_of_unknown_type,                 TUF_TIMESTAMP_SIGNED,   "5.4.2",
     "arbitrary software",                                                                                                                  "unknown type"                    },
    {"PEM that is none",                      pem_that_is_none,                    TUF_TIMESTAMP_SIGNED,   "5.4.2",   "arbitrary software",
     "wrong length or form"                                                                                                                                                   },
    {"a key that is null",                    null_key,                            TUF_ROOT_FORMAT,        "5.3.4",   "arbitrary software",
     "a key without"                                                                                                                                                          },
    {"a public value that is null",           null_public,                         TUF_ROOT_FORMAT,        "5.3.4",   "arbitrary software",
     "a key without"                                                                                                                                                          },
    {"a JSON name twice",                     duplicate_json_key,                  TUF_TIMESTAMP_FORMAT,   "5.4.2",   "arbitrary software",
     "same name twice"                                                                                                                                                        },
    {"a JSON name twice, once escaped",       duplicate_by_escape,                 TUF_TIMESTAMP_FORMAT,   "5.4.2",
     "arbitrary software",                                                                                                                  "same name twice"                 },
    {"a lone surrogate",                      lone_surrogate,                      TUF_TIMESTAMP_FORMAT,   "5.4.2",   "arbitrary software",
     "malformed string"                                                                                                                                                       },
    {"bytes that are no UTF-8",               not_utf8,                            TUF_TIMESTAMP_FORMAT,   "5.4.2",   "arbitrary software",
     "malformed string"                                                                                                                                                       },
    {"deep nesting",                          deep_nesting,                        TUF_TIMESTAMP_FORMAT,   "5.4.2",   "arbitrary software",
     "nested too deeply"                                                                                                                                                      },
    {"a version with a fraction",             float_version,                       TUF_TIMESTAMP_FORMAT,   "5.4.2",
     "arbitrary software",                                                                                                                  "version"                         },
    {"a fraction in an unknown member",       float_anywhere,                      TUF_TIMESTAMP_SIGNED,   "5.4.2",
     "arbitrary software",                                                                                                                  "fraction"                        },
    {"a version beyond int64",                huge_number,                         TUF_TIMESTAMP_FORMAT,   "5.4.2",   "arbitrary software",
     "int64"                                                                                                                                                                  },
    {"text behind the document",              text_behind,                         TUF_TIMESTAMP_FORMAT,   "5.4.2",   "arbitrary software",
     "after the value"                                                                                                                                                        },
    {"version 0",                             version_0,                           TUF_TIMESTAMP_FORMAT,   "5.4.2",   "arbitrary software", "version"                         },
    {"another specification",                 other_specification,                 TUF_TIMESTAMP_FORMAT,   "5.4.2",
     "arbitrary software",                                                                                                                  "spec_version"                    },
    {"a target with empty hashes",            empty_hashes,                        TUF_TARGETS_FORMAT,     "5.6.3",   "arbitrary software",
     "hashes"                                                                                                                                                                 },
    {"a target of negative length",           negative_length,                     TUF_TARGETS_FORMAT,     "5.6.3",
     "arbitrary software",                                                                                                                  "length"                          },
    {"a delegated role called root",          delegation_called_root,              TUF_TARGETS_FORMAT,     "5.6.3",
     "arbitrary software",                                                                                                                  "name"                            },
    {"the same, escaped",                     delegation_called_timestamp_escaped, TUF_TARGETS_FORMAT,     "5.6.3",
     "arbitrary software",                                                                                                                  "name"                            },
    {"a delegated role without a name",       delegation_without_name,             TUF_TARGETS_FORMAT,     "5.6.3",
     "arbitrary software",                                                                                                                  "name"                            },
    {"a delegated role with a long name",     delegation_with_long_name,           TUF_TARGETS_FORMAT,     "5.6.3",
     "arbitrary software",                                                                                                                  "name"                            },
};

static void expect_fault(const struct hostile_case *c, const struct tuf_fault *fault)
{
    char text[TUF_FAULT_TEXT_LEN];
    tuf_fault_print(text, fault);
    test_note("%s: %s", c->name, text);
    EXPECT_EQ(c->code, fault->code);
    EXPECT_STR(c->section, tuf_code_section(fault->code));
    EXPECT_STR(c->attack_name, tuf_code_attack(fault->code));
    EXPECT(strstr(text, c->attack_name) != NULL);
    if (c->rule) {
        EXPECT(fault->why.rule && strstr(fault->why.rule, c->rule));
    }
}

static void run_case(const struct hostile_case *c, size_t segment)
{
    struct rig *r = rig_new();
    test_note("%s", c->name);
    rig_publish(r, 1);
    EXPECT_EQ(TUF_OK, rig_update(r));
    r->segment = segment;
    c->attack(r);
    struct span kept = rig_get(&r->local, "targets.json");
    EXPECT_EQ(c->code, rig_update(r));
    expect_fault(c, tuf_client_fault(&r->client));
    /* What was installed before still is what the client has. */
    EXPECT_SPAN(kept, rig_get(&r->local, "targets.json"));
    EXPECT_EQ(0, tuf_client_search(&r->client, SPAN_LIT("app/one")) == OK);
    rig_free(r);
}

TEST(each_attack_is_named)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run_case(&cases[i], 0);
        run_case(&cases[i], 13);
    }
}

TEST(every_code_has_its_words)
{
    for (size_t code = 0; code < TUF_CODE_COUNT; code++) {
        struct tuf_fault fault = {.code = (enum tuf_code)code};
        char text[TUF_FAULT_TEXT_LEN];
        tuf_fault_print(text, &fault);
        EXPECT(text[0] == '5');
        EXPECT(strstr(text, tuf_code_attack(fault.code)) != NULL);
        EXPECT((tuf_code_err(fault.code) == OK) == (code == TUF_OK));
    }
}

/* Nothing of a flood is kept beyond the cap, and no more is taken than one piece above it. */
TEST(a_flood_is_cut_at_the_cap)
{
    struct rig *r = rig_new();
    rig_publish(r, 1);
    flood(r, "timestamp.json", 1 << 20);
    r->segment = 1000;
    EXPECT_EQ(TUF_TIMESTAMP_CAP, rig_update(r));
    EXPECT(r->fetched <= 16384 + 1000);
    rig_free(r);
}

TEST_MAIN
