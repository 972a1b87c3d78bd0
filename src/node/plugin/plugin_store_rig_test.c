/* The rig of plugin_store_rig_test.h. */
#include "node/plugin/plugin_store_rig_test.h"

#include "base/check.h"
#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void make_bytes(struct store_rig_file *f, unsigned version, size_t i)
{
    f->len = i == 0 ? STORE_RIG_LEN : 3 + version;
    for (size_t k = 0; k < f->len; k++) {
        f->bytes[k] = (uint8_t)(k * 31 + k / 251 + version * 7 + i);
    }
}

static void make_chunks(struct store_rig_file *f)
{
    size_t n = (size_t)snprintf(f->chunks, sizeof f->chunks, "[");
    for (size_t at = 0; at < f->len; at += PACKAGE_CHUNK_LEN) {
        struct hash32 hash;
        char text[PLUGIN_HASH_TEXT_LEN];
        size_t len = f->len - at < PACKAGE_CHUNK_LEN ? f->len - at : PACKAGE_CHUNK_LEN;
        sha256(&hash, span_of(f->bytes + at, len));
        plugin_hash_text(text, &hash);
        n += (size_t)snprintf(f->chunks + n, sizeof f->chunks - n, "%s\"%s\"", at ? "," : "", text);
    }
    (void)snprintf(f->chunks + n, sizeof f->chunks - n, "]");
}

static void make_files(struct store_rig *r)
{
    static const char *const names[] = {"server", "keyd"};
    for (size_t i = 0; i < STORE_RIG_FILES; i++) {
        struct store_rig_file *c = &r->content[i];
        make_chunks(c);
        r->files[i] = (struct package_file){
            .name = span_str(names[i]), .length = c->len, .mode = i == 0 ? 0755 : 0644};
        sha256(&r->files[i].hash, span_of(c->bytes, c->len));
        EXPECT_OK(json_parse(&r->files[i].chunks, span_str(c->chunks), NULL));
    }
}

void store_rig_version(struct store_rig *r, unsigned version)
{
    r->package = (struct package){
        .name = SPAN_LIT("server"),
        .entry = SPAN_LIT("server"),
        .version = {1, version, 0},
        .abi = 1
    };
    for (size_t i = 0; i < STORE_RIG_FILES; i++) {
        make_bytes(&r->content[i], version, i);
    }
    make_files(r);
    r->install = (struct plugin_install){.package = &r->package,
                                         .files = r->files,
                                         .files_count = STORE_RIG_FILES,
                                         .source = &r->source};
}

void store_rig_program(struct store_rig *r, const char *path, const char *text)
{
    FILE *f = path ? fopen(path, "rbe") : NULL;
    if (!EXPECT(f != NULL)) {
        return;
    }
    r->content[0].len = fread(r->content[0].bytes, 1, STORE_RIG_ROOM, f);
    (void)fclose(f);
    EXPECT(r->content[0].len < STORE_RIG_ROOM); /* whole */
    r->content[1].len = strlen(text);
    memcpy(r->content[1].bytes, text, r->content[1].len);
    make_files(r);
}

static enum err
fetch(void *user, size_t source, const struct package_file *file, const struct download_args *to)
{
    struct store_rig *r = user;
    const struct store_rig_file *c = &r->content[file - r->files];
    r->asked++;
    for (size_t at = (size_t)to->offset; at < c->len;) {
        static uint8_t part[10000];
        size_t n = c->len - at < sizeof part ? c->len - at : sizeof part;
        memcpy(part, c->bytes + at, n);
        if (source < r->honest_source) {
            part[n / 2] ^= 1;
        }
        if (r->give_up_at > 0 && r->fetched + n > r->give_up_at) {
            return ERR_IO;
        }
        r->fetched += n;
        if (!to->take(to->user, span_of(part, n))) {
            return ERR_LIMIT;
        }
        at += n;
    }
    return OK;
}

static void progress(void *user, uint64_t verified, uint64_t length)
{
    struct store_rig *r = user;
    EXPECT(verified <= length);
    r->progress = verified;
}

void store_rig_init(struct store_rig *r)
{
    memset(r, 0, sizeof *r);
    const char *tmp = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): one thread */
    (void)snprintf(r->path, sizeof r->path, "%s/passmesh-store-XXXXXX", tmp ? tmp : "/tmp");
    EXPECT(mkdtemp(r->path) != NULL);
    for (size_t i = 0; i < STORE_RIG_FILES; i++) {
        r->content[i].bytes = malloc(STORE_RIG_ROOM);
        check(r->content[i].bytes);
    }
    r->source =
        (struct plugin_source){.fetch = fetch, .progress = progress, .user = r, .sources_count = 1};
    store_rig_version(r, 1);
}

int store_rig_run(const struct store_rig *r, const char *script, const char *id)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): the child has one thread */
        bool is_ready =
            chdir(r->path) == 0 && setenv("ID", id, 1) == 0 && setenv("RIG", r->path, 1) == 0;
        if (is_ready) {
            (void)execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        }
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
                                                                           : -1;
}

void store_rig_done(struct store_rig *r)
{
    EXPECT_EQ(0, store_rig_run(r, "cd / && rm -rf \"$RIG\"", ""));
    for (size_t i = 0; i < STORE_RIG_FILES; i++) {
        free(r->content[i].bytes);
    }
}

void store_rig_id(const struct store_rig *r, struct journal_id *ret)
{
    static uint8_t text[MANIFEST_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(text));
    EXPECT_OK(manifest_print(&w, &r->package, r->files, STORE_RIG_FILES));
    manifest_id(ret, span_of(text, w.n));
}
