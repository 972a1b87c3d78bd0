/* passmesh hardware: what this machine can do for others. Needs no daemon. */
#include "commands.h"

#include "codec/json.h"
#include "node/hardware.h"

#include <stdio.h>

enum { TEXT_LEN_MAX = 16 * 1024 };

static const char *yes(bool v)
{
    return v ? "yes" : "no";
}

static void print_text(const struct hardware *h)
{
    (void)printf("Machine    %s%s, %u cores, %llu MiB of memory, %llu GiB of free disk\n",
                 hardware_role_name(h->role), h->is_container ? ", in a container" : "",
                 (unsigned)h->cores, (unsigned long long)(h->memory_kib / 1024),
                 (unsigned long long)(h->disk_free_kib / 1024 / 1024));
    for (int i = 0; i < HARDWARE_SERVICE_COUNT; i++) {
        (void)printf("%-10s %s: %s\n", hardware_service_name((enum hardware_service)i),
                     hardware_verdict_name(h->services[i].verdict), h->services[i].reason);
    }
    (void)printf("\n%-30s %-5s %-9s %s\n", "", "chip", "firmware", "usable now");
    for (int i = 0; i < HARDWARE_TECHNOLOGY_COUNT; i++) {
        const struct hardware_state *s = &h->states[i];
        (void)printf("%-30s %-5s %-9s %s\n", hardware_technology_title((enum hardware_technology)i),
                     yes(s->is_in_chip), yes(s->is_in_firmware), yes(s->is_usable));
        (void)printf("    %s%s%s\n", s->reason, s->advice[0] ? " " : "", s->advice);
    }
    (void)puts("\nThis is what the machine says about itself. It proves nothing to others.");
}

static int print_json(const struct hardware *h)
{
    static char text[TEXT_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(text));
    struct json_writer j = json_writer_init(&w);
    hardware_write_json(&j, h);
    if (json_writer_end(&j) != OK) {
        command_say("The answer does not fit.");
        return EXIT_FAILED;
    }
    (void)printf("%.*s\n", (int)w.n, text);
    return EXIT_DONE;
}

int command_hardware(const struct command_args *args)
{
    struct hardware h;
    if (args->argc != 0) {
        command_say("usage: passmesh hardware");
        return EXIT_USAGE;
    }
    struct hardware_ops ops = hardware_this_machine();
    hardware_detect(&h, &ops, "/");
    if (args->is_json) {
        return print_json(&h);
    }
    print_text(&h);
    return EXIT_DONE;
}
