/* The rig of tuf_rig_test.h. */
#include "plugin/tuf_rig_test.h"

#include "base/check.h"
#include "base/test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_LEN = 1 << 22 };

struct rig *rig_new(void)
{
    struct rig *r = calloc(1, sizeof *r);
    walltime now;
    check(r);
    r->memory = malloc(MEMORY_LEN);
    check(r->memory);
    for (size_t i = 0; i < RIG_KEYS; i++) {
        struct secret32 seed = {{0}};
        seed.bytes[31] = (uint8_t)(i + 1);
        enum tuf_key_kind kind = i % 2 ? TUF_KEY_P256 : TUF_KEY_ED25519;
        EXPECT_OK(tuf_signer_init(&r->signers[i], kind, &seed));
    }
    EXPECT_OK(tuf_work_init(&r->work, test_budget(), 1 << 20));
    EXPECT_OK(tuf_time_parse(&now, SPAN_LIT(RIG_NOW)));
    r->cfg = tuf_cfg_default(now);
    return r;
}

void rig_free(struct rig *r)
{
    tuf_client_done(&r->client);
    tuf_work_done(&r->work);
    free(r->memory);
    free(r);
}

static struct mspan room(const struct rig *r)
{
    return mspan_of(r->memory + r->memory_used, MEMORY_LEN - r->memory_used);
}

struct span rig_text(struct rig *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    struct mspan m = room(r);
    int n = vsnprintf((char *)m.p, m.n, format, args);
    va_end(args);
    check(n >= 0);
    check((size_t)n < m.n);
    r->memory_used += (size_t)n + 1;
    return span_of(m.p, (size_t)n);
}

static const char *text(struct span s)
{
    return (const char *)s.p; /* rig_text ends it with a zero */
}

static struct rig_file *find(struct rig_files *files, const char *name)
{
    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(files->file[i].name, name) == 0) {
            return &files->file[i];
        }
    }
    return NULL;
}

struct span rig_get(const struct rig_files *files, const char *name)
{
    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(files->file[i].name, name) == 0) {
            return files->file[i].bytes;
        }
    }
    return SPAN_EMPTY;
}

static void put(struct rig_files *files, const char *name, struct span bytes)
{
    struct rig_file *f = find(files, name);
    if (!f) {
        check(files->count < RIG_FILES);
        f = &files->file[files->count++];
        (void)snprintf(f->name, sizeof f->name, "%s", name);
    }
    f->bytes = bytes;
}

void rig_put(struct rig *r, const char *name, struct span bytes)
{
    put(&r->remote, name, bytes);
}

void rig_keep(struct rig *r, const char *name, struct span bytes)
{
    struct mspan m = mspan_first(room(r), bytes.n);
    check(m.n == bytes.n);
    (void)span_copy(m, bytes);
    r->memory_used += bytes.n;
    put(&r->local, name, span_const(m));
}

void rig_remove(struct rig_files *files, const char *name)
{
    struct rig_file *f = find(files, name);
    if (f) {
        *f = files->file[--files->count];
    }
}

struct span rig_sign(struct rig *r, struct span body, const char *keys)
{
    struct span document =
        rig_text(r, "{\"signatures\":[],\"signed\":%.*s}", (int)body.n, (const char *)body.p);
    for (; *keys; keys++) {
        struct mspan m = room(r);
        struct wr w = wr_init(m);
        EXPECT_OK(tuf_sign(&w, document, &r->signers[*keys - '0'], &r->work));
        document = span_of(m.p, w.n);
        r->memory_used += w.n;
    }
    return document;
}

const char *rig_id(struct rig *r, char key)
{
    char id[TUF_KEY_ID_LEN + 1];
    tuf_signer_id(id, &r->signers[key - '0']);
    return text(rig_text(r, "%s", id));
}

const char *rig_keys(struct rig *r, const char *keys)
{
    const char *all = "";
    for (; *keys; keys++) {
        uint8_t key[512];
        struct wr w = wr_init(MSPAN_OF(key));
        tuf_signer_print(&w, &r->signers[*keys - '0']);
        check(wr_ok(&w));
        all = text(rig_text(r, "%s%s\"%s\":%.*s", all, *all ? "," : "", rig_id(r, *keys), (int)w.n,
                            (const char *)key));
    }
    return all;
}

static const char *ids(struct rig *r, const char *keys)
{
    const char *all = "";
    for (; *keys; keys++) {
        all = text(rig_text(r, "%s%s\"%s\"", all, *all ? "," : "", rig_id(r, *keys)));
    }
    return all;
}

struct span rig_root_body(struct rig *r, const struct rig_root *root)
{
    static const char *const usual[] = {"012", "3", "4", "56"};
    static const unsigned usual_threshold[] = {2, 1, 1, 2};
    char used[RIG_KEYS + 1] = "";
    const char *roles = "";
    for (size_t i = 0; i < TUF_ROLE_COUNT; i++) {
        const char *keys = root->keys[i] ? root->keys[i] : usual[i];
        unsigned threshold = root->threshold[i] ? root->threshold[i] : usual_threshold[i];
        roles = text(rig_text(r, "%s%s\"%s\":{\"keyids\":[%s],\"threshold\":%u}", roles,
                              *roles ? "," : "", tuf_role_name((enum tuf_role)i), ids(r, keys),
                              threshold));
        for (; *keys; keys++) {
            if (!strchr(used, *keys)) {
                used[strlen(used)] = *keys;
            }
        }
    }
    return rig_text(
        r,
        "{\"_type\":\"root\",\"consistent_snapshot\":%s,\"expires\":\"%s\",\"keys\":{%s},"
        "\"roles\":{%s},\"spec_version\":\"1.0.34\",\"version\":%u%s}",
        root->is_plain ? "false" : "true", root->expires ? root->expires : RIG_EXPIRES,
        rig_keys(r, used), roles, root->version ? root->version : 1,
        root->extra ? root->extra : "");
}

struct span rig_timestamp_body(struct rig *r, unsigned version, unsigned snapshot)
{
    return rig_text(r,
                    "{\"_type\":\"timestamp\",\"expires\":\"" RIG_EXPIRES
                    "\",\"meta\":{\"snapshot.json\":"
                    "{\"version\":%u}},\"spec_version\":\"1.0.34\",\"version\":%u}",
                    snapshot, version);
}

struct span rig_snapshot_body(struct rig *r, unsigned version, unsigned targets, const char *more)
{
    return rig_text(r,
                    "{\"_type\":\"snapshot\",\"expires\":\"" RIG_EXPIRES
                    "\",\"meta\":{\"targets.json\":"
                    "{\"version\":%u}%s},\"spec_version\":\"1.0.34\",\"version\":%u}",
                    targets, more, version);
}

struct span rig_targets_body(struct rig *r, unsigned version, const char *targets, const char *more)
{
    return rig_text(r,
                    "{\"_type\":\"targets\",\"expires\":\"" RIG_EXPIRES
                    "\",\"spec_version\":\"1.0.34\","
                    "\"targets\":{%s},\"version\":%u%s}",
                    targets, version, more);
}

const char *
rig_delegation(struct rig *r, const char *name, char key, const char *path, bool is_terminating)
{
    return text(rig_text(r,
                         "{\"keyids\":[\"%s\"],\"name\":\"%s\",\"paths\":[\"%s\"],\"terminating\":%"
                         "s,\"threshold\":1}",
                         rig_id(r, key), name, path, is_terminating ? "true" : "false"));
}

void rig_publish(struct rig *r, unsigned version)
{
    /* "one" */
    static const char target[] =
        "\"app/one\":{\"hashes\":{\"sha256\":"
        "\"7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed\"},\"length\":3}";
    struct rig_root root = {0};
    if (rig_get(&r->remote, "1.root.json").n == 0) {
        rig_put(r, "1.root.json", rig_sign(r, rig_root_body(r, &root), "012"));
        rig_keep(r, "root.json", rig_get(&r->remote, "1.root.json"));
    }
    rig_put(r, text(rig_text(r, "%u.targets.json", version)),
            rig_sign(r, rig_targets_body(r, version, target, ""), "56"));
    rig_put(r, text(rig_text(r, "%u.snapshot.json", version)),
            rig_sign(r, rig_snapshot_body(r, version, version, ""), "4"));
    rig_put(r, "timestamp.json", rig_sign(r, rig_timestamp_body(r, version, version), "3"));
}

static void
answer(struct rig *r, struct rig_files *files, const struct tuf_event *e, bool is_remote)
{
    struct rig_file *f = find(files, e->name);
    if (is_remote && r->log_count < RIG_LOG) {
        (void)snprintf(r->log[r->log_count++], sizeof r->log[0], "%s", e->name);
    }
    if (!f) {
        bool is_failing = is_remote && r->is_failing;
        EXPECT_OK(tuf_client_end(&r->client, is_failing ? TUF_ANSWER_FAILED : TUF_ANSWER_ABSENT));
        return;
    }
    struct span rest = f->bytes;
    while (rest.n > 0) {
        struct span part = span_take(&rest, r->segment ? r->segment : rest.n);
        r->fetched += is_remote ? part.n : 0;
        if (tuf_client_recv(&r->client, part) != OK) {
            break;
        }
    }
    EXPECT_OK(tuf_client_end(&r->client, TUF_ANSWER_WHOLE));
}

static enum tuf_code drive(struct rig *r)
{
    struct tuf_event e;
    while (tuf_client_poll(&r->client, &e)) {
        switch (e.type) {
        case TUF_EVENT_ASK_LOCAL:  answer(r, &r->local, &e, false); break;
        case TUF_EVENT_ASK_REMOTE: answer(r, &r->remote, &e, true); break;
        case TUF_EVENT_STORE:      rig_keep(r, e.name, e.bytes); break;
        case TUF_EVENT_REMOVE:     rig_remove(&r->local, e.name); break;
        case TUF_EVENT_DONE:
        case TUF_EVENT_FOUND:      return TUF_OK;
        case TUF_EVENT_FAILED:     return tuf_client_fault(&r->client)->code;
        }
    }
    EXPECT(false); /* it neither asks nor ends */
    return TUF_MEMORY;
}

enum tuf_code rig_update(struct rig *r)
{
    tuf_client_done(&r->client);
    r->log_count = 0;
    r->fetched = 0;
    EXPECT_OK(tuf_client_init(&r->client, test_budget(), &r->cfg));
    return drive(r);
}

enum tuf_code rig_search(struct rig *r, const char *path)
{
    EXPECT_OK(tuf_client_search(&r->client, span_str(path)));
    return drive(r);
}

struct span rig_replace(struct rig *r, struct span in, const char *from, const char *to)
{
    size_t n = strlen(from);
    for (size_t i = 0; i + n <= in.n; i++) {
        if (memcmp(in.p + i, from, n) == 0) {
            return rig_text(r, "%.*s%s%.*s", (int)i, (const char *)in.p, to, (int)(in.n - i - n),
                            (const char *)in.p + i + n);
        }
    }
    test_note("%s", from);
    EXPECT(false); /* from is not there */
    return in;
}
