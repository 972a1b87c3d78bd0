/* passmesh-tuf: the TUF client of Passmesh as a program, with the commands that conformance suites drive. */
#include "node/plugin/tuf_tool.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static int help(FILE *to)
{
    (void)fprintf(to, "passmesh-tuf: a client of The Update Framework.\n\n"
                      "usage: passmesh-tuf --metadata-dir DIR init ROOT_FILE\n"
                      "       passmesh-tuf --metadata-dir DIR --metadata-url URL refresh\n"
                      "       passmesh-tuf --metadata-dir DIR --metadata-url URL --target-name "
                      "NAME [--target-name NAME]...\n"
                      "                    --target-base-url URL --target-dir DIR download\n\n"
                      "init trusts the root in a file and asks nobody. refresh brings the metadata "
                      "up to date. download does\n"
                      "that and then gets each target. A refusal names the section of the "
                      "specification and the attack.\n"
                      "Exit codes: 0 done, 1 refused or failed, 2 wrong usage.\n");
    return to == stdout ? EXIT_GOOD : EXIT_USAGE;
}

static bool take_option(struct tuf_tool *tool, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **place;
    } options[] = {
        {"--metadata-dir",    &tool->metadata_dir},
        {"--metadata-url",    &tool->metadata_url},
        {"--target-base-url", &tool->targets_url },
        {"--target-dir",      &tool->target_dir  },
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strcmp(name, options[i].name) == 0) {
            *options[i].place = value;
            return true;
        }
    }
    if (strcmp(name, "--target-name") == 0 && tool->targets_count < TUF_TOOL_TARGETS_MAX) {
        tool->targets[tool->targets_count++] = value;
        return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    struct tuf_tool tool = {0};
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        if (strcmp(argv[i], "--help") == 0) {
            return help(stdout);
        }
        if (strcmp(argv[i], "--version") == 0) {
            (void)puts("passmesh-tuf " PASSMESH_VERSION);
            return EXIT_GOOD;
        }
        if (i + 1 == argc || !take_option(&tool, argv[i], argv[i + 1])) {
            return help(stderr);
        }
    }
    const char *command = i < argc ? argv[i] : "";
    int rest = argc - i - 1;
    if (!tool.metadata_dir) {
        return help(stderr);
    }
    if (strcmp(command, "init") == 0 && rest == 1) {
        return tuf_tool_init(&tool, argv[i + 1]) == OK ? EXIT_GOOD : EXIT_FAILED;
    }
    if (strcmp(command, "refresh") == 0 && rest == 0 && tool.metadata_url) {
        return tuf_tool_refresh(&tool) == OK ? EXIT_GOOD : EXIT_FAILED;
    }
    bool can_download =
        tool.metadata_url && tool.targets_url && tool.target_dir && tool.targets_count > 0;
    if (strcmp(command, "download") == 0 && rest == 0 && can_download) {
        return tuf_tool_download(&tool) == OK ? EXIT_GOOD : EXIT_FAILED;
    }
    return help(stderr);
}
