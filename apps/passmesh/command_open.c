/* passmesh open: the page in a browser. Its address holds a single-use code, which must not stand in any process's
 * arguments, where every local user can read it: the browser gets a private file that leads on to it. */
#include "commands.h"

#include "codec/json.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { URL_LEN_MAX = 200 };

static bool write_leader(const char *path, const char *url)
{
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!f) {
        return false;
    }
    (void)fprintf(f,
                  "<!doctype html><meta charset=utf-8><title>Passmesh</title><meta name=referrer "
                  "content=no-referrer>"
                  "<meta http-equiv=refresh content=\"0;url=%s\"><p>Opening the wallet...\n",
                  url);
    return fclose(f) == 0;
}

/* Starts the person's browser and waits for the starter, not for the browser. */
static bool start_browser(const char *path)
{
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR);
        if (null >= 0) {
            (void)dup2(null, 0);
            (void)dup2(null, 1);
            (void)dup2(null, 2);
        }
        (void)execlp("xdg-open", "xdg-open", path, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

static int show(const struct command_args *args, const char *url, bool prints)
{
    char path[CONFIG_PATH_LEN_MAX];
    bool has_display = getenv("DISPLAY") || getenv("WAYLAND_DISPLAY");
    int n = snprintf(path, sizeof path, "%s/open.html", args->config->runtime_dir);
    if (!prints && has_display && n > 0 && (size_t)n < sizeof path && write_leader(path, url)) {
        bool shown = start_browser(path);
        (void)sleep(2); /* the browser reads it now; the code in it is worth nothing afterwards */
        (void)unlink(path);
        if (shown) {
            (void)puts("The wallet opens in your browser.");
            return EXIT_DONE;
        }
    }
    (void)printf("Open this within 60 seconds; it works once:\n%s\n", url);
    return EXIT_DONE;
}

enum { START_WAIT_MS = 10000, START_LOOK_MS = 100 };

/* Starts a daemon of this same program in a session of its own, its log in the data directory, and waits until it answers. */
static bool start_daemon(const struct command_args *args, struct local_client *c)
{
    char log[CONFIG_PATH_LEN_MAX];
    const char *wrong = "";
    int n = snprintf(log, sizeof log, "%s/daemon.log", args->config->data_dir);
    enum err err =
        n > 0 && (size_t)n < sizeof log ? config_make_dirs(args->config, &wrong) : ERR_IO;
    if (err != OK) {
        char text[CONFIG_SENTENCE_LEN_MAX];
        config_say_dirs(text, err, wrong);
        command_say("%s", text);
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        bool ready = out >= 0 && null >= 0 && setsid() >= 0 && dup2(null, 0) == 0 &&
                     dup2(out, 1) == 1 && dup2(out, 2) == 2;
        if (ready && args->home) {
            (void)execl("/proc/self/exe", "passmesh", "--home", args->home, "daemon", (char *)NULL);
        } else if (ready) {
            (void)execl("/proc/self/exe", "passmesh", "daemon", (char *)NULL);
        }
        _exit(127);
    }
    (void)fputs("Starting the wallet...\n", stderr);
    for (int waited = 0; child > 0 && waited < START_WAIT_MS; waited += START_LOOK_MS) {
        (void)poll(NULL, 0, START_LOOK_MS);
        if (local_client_open(c, args->config->socket) == OK) {
            return true;
        }
        if (waitpid(child, NULL, WNOHANG) == child) {
            break;
        }
    }
    command_say("The wallet did not start: see %s.", log);
    return false;
}

int command_open(const struct command_args *args)
{
    struct local_client c;
    struct json result;
    char url[URL_LEN_MAX] = "";
    bool prints = args->argc == 1 && strcmp(args->argv[0], "--print") == 0;
    if (args->argc > 1 || (args->argc == 1 && !prints)) {
        command_say("usage: passmesh open [--print]");
        return EXIT_USAGE;
    }
    if (local_client_open(&c, args->config->socket) != OK && !start_daemon(args, &c)) {
        return EXIT_FAILED;
    }
    struct wr w = wr_init(mspan_of(url, sizeof url - 1));
    bool got = commands_ask(&c, "open_code", SPAN_LIT("{}"), &result) &&
               json_find_string(&w, result, "url") == OK;
    local_client_close(&c);
    if (!got) {
        return EXIT_FAILED;
    }
    int status = EXIT_DONE;
    if (args->is_json) {
        (void)printf("{\"url\":\"%s\"}\n", url);
    } else {
        status = show(args, url, prints);
    }
    explicit_bzero(url, sizeof url);
    return status;
}
