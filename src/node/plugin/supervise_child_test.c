/* The plugin that supervise_test.c starts. What it does stands in the file "keyd" beside it: good, crash, loud, config, abi or nonce. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FD = 3, LEN_MAX = 1536 };

static void say(const char *text)
{
    uint32_t n = (uint32_t)strlen(text);
    uint8_t head[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    if (write(FD, head, sizeof head) != (ssize_t)sizeof head || write(FD, text, n) != (ssize_t)n) {
        _exit(3);
    }
}

/* One message; 0 at the end of the stream. */
static size_t hear(char *text)
{
    uint8_t head[4];
    if (read(FD, head, sizeof head) != (ssize_t)sizeof head) {
        return 0;
    }
    size_t n = (size_t)head[2] << 8 | head[3];
    if (n >= LEN_MAX || read(FD, text, n) != (ssize_t)n) {
        return 0;
    }
    text[n] = '\0';
    return n;
}

static void read_mode(char mode[16])
{
    char path[1024];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 8);
    path[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(path, '/');
    FILE *f = NULL;
    if (slash) {
        (void)snprintf(slash, 8, "/keyd");
        f = fopen(path, "re");
    }
    if (!f || !fgets(mode, 16, f)) {
        _exit(4);
    }
    (void)fclose(f);
}

static void serve(void)
{
    char text[LEN_MAX];
    while (hear(text) > 0 && !strstr(text, "\"shutdown\"")) {
        const char *n = strstr(text, "\"n\":");
        char pong[128];
        (void)snprintf(pong, sizeof pong,
                       "{\"jsonrpc\":\"2.0\",\"method\":\"pong\",\"params\":{\"n\":%.*s}}",
                       n ? (int)strcspn(n + 4, "}") : 1, n ? n + 4 : "0");
        say(pong);
    }
}

int main(void)
{
    char mode[16] = "";
    char text[LEN_MAX];
    char ready[256];
    read_mode(mode);
    if (strcmp(mode, "loud") == 0) {
        for (int i = 0; i < 1000; i++) {
            (void)printf("line %d \033[31m\n", i);
        }
        (void)fflush(stdout);
    }
    if (strcmp(mode, "config") == 0) {
        return 78;
    }
    say(strcmp(mode, "abi") == 0
            ? "{\"jsonrpc\":\"2.0\",\"method\":\"hello\",\"params\":{\"proto\":1,\"abi\":9}}"
            : "{\"jsonrpc\":\"2.0\",\"method\":\"hello\",\"params\":{\"proto\":1,\"abi\":1}}");
    if (hear(text) == 0) {
        return 0;
    }
    char *nonce = strstr(text, "\"nonce\":\"");
    if (!nonce) {
        return 5;
    }
    nonce[strcspn(nonce + 9, "\"") + 9] = '\0';
    (void)snprintf(ready, sizeof ready,
                   "{\"jsonrpc\":\"2.0\",\"method\":\"ready\",\"params\":{\"nonce\":\"%s\","
                   "\"listen\":\"%s\"}}",
                   strcmp(mode, "nonce") == 0 ? "0" : nonce + 9, mode);
    say(ready);
    if (strcmp(mode, "crash") == 0) {
        return 1;
    }
    serve();
    return 0;
}
