/* tuf_verify DIR COUNT: runs COUNT whole first updates over the metadata in DIR (N.root.json, timestamp.json, ...), from memory, and prints the CPU
 * milliseconds of one: parsing, canonical forms, signatures, hashes. */
#include "base/budget.h"
#include "plugin/tuf_client.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FILES_MAX = 64, LEN_MAX = 1 << 20, MEMORY_MAX = 64 << 20 };

struct file {
    char name[TUF_FILE_NAME_MAX];
    uint8_t *bytes;
    size_t len;
};

static struct file files[FILES_MAX];
static size_t files_count;
static struct tuf_client client;

static void load(const char *dir, const char *name)
{
    char path[1024];
    struct file *f = &files[files_count];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *in = fopen(path, "rb");
    f->bytes = malloc(LEN_MAX);
    if (!in || !f->bytes) {
        abort();
    }
    f->len = fread(f->bytes, 1, LEN_MAX, in);
    (void)fclose(in);
    (void)snprintf(f->name, sizeof f->name, "%s", name);
    files_count++;
}

static struct span find(const char *name)
{
    for (size_t i = 0; i < files_count; i++) {
        if (strcmp(files[i].name, name) == 0) {
            return span_of(files[i].bytes, files[i].len);
        }
    }
    return SPAN_EMPTY;
}

static bool answer(const struct tuf_event *e)
{
    bool is_root = strcmp(e->name, "root.json") == 0;
    bool is_local = e->type == TUF_EVENT_ASK_LOCAL;
    struct span bytes = is_local && !is_root ? SPAN_EMPTY : find(is_root ? "1.root.json" : e->name);
    enum tuf_answer a = bytes.n > 0 ? TUF_ANSWER_WHOLE : TUF_ANSWER_ABSENT;
    return (bytes.n == 0 || tuf_client_recv(&client, bytes) == OK) &&
           tuf_client_end(&client, a) == OK;
}

static bool update(void)
{
    struct budget budget;
    struct tuf_event e;
    struct tuf_cfg cfg = tuf_cfg_default((walltime){.s = (uint64_t)time(NULL)});
    bool is_done = false;
    budget_init(&budget, NULL, "bench", MEMORY_MAX);
    if (tuf_client_init(&client, &budget, &cfg) != OK) {
        return false;
    }
    while (!is_done && tuf_client_poll(&client, &e)) {
        bool is_ask = e.type == TUF_EVENT_ASK_LOCAL || e.type == TUF_EVENT_ASK_REMOTE;
        if (e.type == TUF_EVENT_FAILED || (is_ask && !answer(&e))) {
            break;
        }
        is_done = e.type == TUF_EVENT_DONE;
    }
    tuf_client_done(&client);
    return is_done;
}

int main(int argc, char **argv)
{
    DIR *d = argc == 3 ? opendir(argv[1]) : NULL;
    if (!d) {
        (void)fprintf(stderr, "usage: tuf_verify DIR COUNT\n");
        return 2;
    }
    for (const struct dirent *e = readdir(d); e && files_count < FILES_MAX; e = readdir(d)) {
        if (e->d_name[0] != '.') {
            load(argv[1], e->d_name);
        }
    }
    (void)closedir(d);
    unsigned long count = strtoul(argv[2], NULL, 10);
    clock_t before = clock();
    for (unsigned long i = 0; i < count; i++) {
        if (!update()) {
            (void)fprintf(stderr, "tuf_verify: the metadata is refused\n");
            return 1;
        }
    }
    printf("%.4f\n", (double)(clock() - before) * 1000 / CLOCKS_PER_SEC / (double)count);
    return 0;
}
