/* Regression driver: runs a fuzz target over each file of its corpus directory, so that the ordinary
 * test suite replays every input that a campaign ever found. Prints TAP: one line for the whole
 * corpus; a crash or a sanitizer report is the failure. An empty or missing corpus fails. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_LEN_MAX = 1 << 20 };

static int run_file(const char *dir, const char *name)
{
    char path[1024];
    int len = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (len < 0 || (size_t)len >= sizeof path) {
        return -1;
    }
    FILE *f = fopen(path, "rb");
    if (!f) {
        return -1;
    }
    uint8_t *data = malloc(INPUT_LEN_MAX);
    if (!data) {
        (void)fclose(f);
        return -1;
    }
    size_t n = fread(data, 1, INPUT_LEN_MAX, f);
    (void)fclose(f);
    /* A copy of the exact length lets the sanitizer see a read past the end. */
    uint8_t *exact = malloc(n ? n : 1);
    if (exact) {
        memcpy(exact, data, n);
        (void)LLVMFuzzerTestOneInput(exact, n);
    }
    free(exact);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: %s TARGET CORPUS_DIR\n", argv[0]);
        return 2;
    }
    DIR *dir = opendir(argv[2]);
    int count = 0;
    int bad = 0;
    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        if (e->d_name[0] != '.') {
            count++;
            bad += run_file(argv[2], e->d_name) != 0;
        }
    }
    if (dir) {
        (void)closedir(dir);
    }
    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    int ok = count > 0 && bad == 0;
    (void)printf("TAP version 13\n1..1\n%s 1 - %s: %d corpus files, %d unreadable\n",
                 ok ? "ok" : "not ok", argv[1], count, bad);
    return ok ? 0 : 1;
}
