/* passmesh hardware: what this machine can do for others. Needs no daemon. */
#include "commands.h"

#include "codec/json.h"
#include "node/attest/collector_places.h"
#include "node/os/hardware.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { TEXT_LEN_MAX = 16 * 1024, REPORT_VERSION = 1 };

static const char report_name[] = "passmesh-hardware.json";

static const char *yes(bool v)
{
    return v ? "yes" : "no";
}

/* Who would make evidence here, and whether anybody has seen it do so. */
static void print_collectors(const struct hardware *h)
{
    (void)printf("\n%-34s %s\n", "Evidence for others by", "here");
    for (size_t i = 0; i < collector_places_count(); i++) {
        const struct collector_place *p = collector_place(i);
        char name[64];
        (void)snprintf(name, sizeof name, "%s (%s)", p->name, p->gives);
        bool is_here = collector_place_is_there(p, h->cpu.hyperv_isolation != 0);
        (void)printf("%-34s %-5s %s\n", name, yes(is_here), p->note);
    }
}

static void print_text(const struct hardware *h)
{
    (void)printf("Machine    %s%s, %u cores, %llu MiB of memory, %llu GiB of free disk\n",
                 hardware_role_name(h->role), h->is_container ? ", in a container" : "",
                 (unsigned)h->cores, (unsigned long long)(h->memory_kib / 1024),
                 (unsigned long long)(h->disk_free_kib / 1024 / 1024));
    for (int i = 0; i < HARDWARE_SERVICE_COUNT; i++) {
        (void)printf("%-10s %s: %s\n", hardware_service_name((enum hardware_service)i),
                     hardware_verdict_name(h->services[i].verdict),
                     hardware_sentence(h->services[i].reason));
    }
    (void)printf("\n%-30s %-5s %-9s %s\n", "", "chip", "firmware", "usable now");
    for (int i = 0; i < HARDWARE_TECHNOLOGY_COUNT; i++) {
        const struct hardware_state *s = &h->states[i];
        (void)printf("%-30s %-5s %-9s %s\n", hardware_technology_title((enum hardware_technology)i),
                     yes(s->is_in_chip), yes(s->is_in_firmware), yes(s->is_usable));
        (void)printf("    %s%s%s\n", hardware_sentence(s->reason), s->advice[0] ? " " : "",
                     hardware_sentence(s->advice));
    }
    print_collectors(h);
    (void)puts("\nThis is what the machine says about itself. It proves nothing to others.");
}

static void put_str(struct json_writer *j, const char *name, const char *value)
{
    json_put_name(j, name);
    json_put_str(j, value);
}

static void put_number(struct json_writer *j, const char *name, uint64_t value)
{
    json_put_name(j, name);
    json_put_u64(j, value);
}

static void write_collectors(struct json_writer *j, const struct hardware *h)
{
    json_put_array(j);
    for (size_t i = 0; i < collector_places_count(); i++) {
        const struct collector_place *p = collector_place(i);
        json_put_object(j);
        put_str(j, "name", p->name);
        json_put_name(j, "is_here");
        json_put_bool(j, collector_place_is_there(p, h->cpu.hyperv_isolation != 0));
        put_str(j, "note", p->note);
        json_end_object(j);
    }
    json_end_array(j);
}

/* What is asked for and no more: of the kernel's version only its numbers, for what follows them is free text of whoever built
 * it; of the processor its family, model and stepping, which all of its kind share. */
static void write_report(struct json_writer *j, const struct hardware *h)
{
    struct utsname u;
    char signature[16];
    if (uname(&u) != 0) {
        memset(&u, 0, sizeof u);
    }
    char *end = u.release;
    while (isdigit((unsigned char)*end) || *end == '.') {
        end++;
    }
    *end = '\0';
    (void)snprintf(signature, sizeof signature, "%08x", (unsigned)h->cpu.signature);
    json_put_object(j);
    put_number(j, "report", REPORT_VERSION);
    put_str(j, "version", PASSMESH_VERSION);
    put_str(j, "system", u.sysname);
    put_str(j, "kernel", u.release);
    put_str(j, "machine", u.machine);
    put_str(j, "processor", signature);
    put_number(j, "enclave_memory_kib", h->cpu.sgx_epc_bytes / 1024);
    put_number(j, "hyperv_isolation", h->cpu.hyperv_isolation);
    json_put_name(j, "collectors");
    write_collectors(j, h);
    json_put_name(j, "hardware");
    hardware_write_json(j, h);
    json_end_object(j);
}

static bool write_all(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t k = write(fd, text, n);
        if (k <= 0) {
            return false;
        }
        text += k;
        n -= (size_t)k;
    }
    return true;
}

/* A file that is there already stays as it is. */
static int save_report(const struct hardware *h, const char *path)
{
    static char text[TEXT_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(text));
    struct json_writer j = json_writer_init(&w);
    write_report(&j, h);
    if (json_writer_end(&j) != OK) {
        command_say("The report does not fit.");
        return EXIT_FAILED;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        command_say("%s cannot be written: %s.", path, strerror(errno));
        return EXIT_FAILED;
    }
    bool is_whole = write_all(fd, text, w.n) && write_all(fd, "\n", 1);
    if (close(fd) != 0 || !is_whole) {
        (void)unlink(path);
        command_say("%s cannot be written.", path);
        return EXIT_FAILED;
    }
    (void)printf("Written to %s. It holds no names and no serial numbers; read it before you send "
                 "it.\n",
                 path);
    return EXIT_DONE;
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
    bool is_report = args->argc > 0 && strcmp(args->argv[0], "--report") == 0;
    if (args->argc > (is_report ? 2 : 0)) {
        command_say("usage: passmesh hardware [--report [FILE]]");
        return EXIT_USAGE;
    }
    hardware_detect_here(&h, args->config->data_dir);
    if (is_report) {
        return save_report(&h, args->argc == 2 ? args->argv[1] : report_name);
    }
    if (args->is_json) {
        return print_json(&h);
    }
    print_text(&h);
    return EXIT_DONE;
}
