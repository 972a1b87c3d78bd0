/* The commands of passmesh-tuf. */
#include "node/plugin/tuf_tool.h"

#include "node/plugin/folder.h"
#include "node/plugin/tuf_run.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MEMORY_MAX = 256 << 20, ROOT_LEN_MAX = 512000 };

static void say(const char *what, const struct tuf_fault *fault, enum err e)
{
    char text[TUF_FAULT_TEXT_LEN];
    tuf_fault_print(text, fault);
    const char *words = fault->code == TUF_OK ? err_name(e) : text;
    (void)fprintf(stderr, "passmesh-tuf: %s%s%s\n", what, *what ? ": " : "", words);
}

enum err tuf_tool_init(const struct tuf_tool *tool, const char *root_file)
{
    struct budget budget;
    struct folder_map m;
    struct tuf_fault fault = {.code = TUF_OK};
    int dir;
    budget_init(&budget, NULL, "system", MEMORY_MAX);
    enum err e = folder_map(AT_FDCWD, &m, root_file, ROOT_LEN_MAX);
    if (e != OK) {
        say(root_file, &fault, e);
        return e;
    }
    e = folder_open(&dir, tool->metadata_dir);
    if (e == OK) {
        struct tuf_run_root root = {.bytes = m.bytes, .is_forced = true};
        e = tuf_run_init_root(dir, root, &budget, &fault);
        (void)close(dir);
    }
    folder_unmap(&m);
    if (e != OK) {
        say(tool->metadata_dir, &fault, e);
    }
    return e;
}

static enum err get_targets(const struct tuf_tool *tool, struct tuf_run *r)
{
    int folder = -1;
    enum err e = tool->targets_count > 0 ? folder_open(&folder, tool->target_dir) : ERR_NOT_FOUND;
    if (e != OK) {
        return tool->targets_count > 0 ? e : OK;
    }
    for (size_t i = 0; i < tool->targets_count && e == OK; i++) {
        struct tuf_fault fault;
        struct tuf_run_target target = {
            .path = span_str(tool->targets[i]), .targets_url = tool->targets_url, .folder = folder};
        e = tuf_run_search(r, target.path);
        fault = *tuf_client_fault(&r->client);
        if (e == OK) {
            e = tuf_run_fetch(r, &target, &fault);
        }
        if (e != OK) {
            say(tool->targets[i], &fault, e);
        }
    }
    (void)close(folder);
    return e;
}

static enum err update(const struct tuf_tool *tool, struct download *download)
{
    static struct tuf_run run; /* too large for the stack */
    struct budget budget;
    int dir;
    budget_init(&budget, NULL, "system", MEMORY_MAX);
    memset(&run, 0, sizeof run);
    TRY(folder_open(&dir, tool->metadata_dir));
    run.download = download;
    run.url = tool->metadata_url;
    run.dir = dir;
    enum err e = tuf_run_update(&run, &budget, (walltime){0});
    if (e != OK) {
        say("", tuf_client_fault(&run.client), e);
    } else {
        e = get_targets(tool, &run);
    }
    tuf_client_done(&run.client);
    (void)close(dir);
    return e;
}

enum err tuf_tool_refresh(const struct tuf_tool *tool)
{
    struct download download;
    struct tuf_tool metadata_alone = *tool;
    metadata_alone.targets_count = 0;
    TRY(download_init(&download));
    enum err e = update(&metadata_alone, &download);
    download_done(&download);
    return e;
}

enum err tuf_tool_download(const struct tuf_tool *tool)
{
    struct download download;
    TRY(download_init(&download));
    enum err e = update(tool, &download);
    download_done(&download);
    return e;
}
