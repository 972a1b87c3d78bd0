/* From hardware to package: which variant suits, and in words why or why not. */
#include "plugin/package.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct package_reason *add(struct package_match *m, bool is_met, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static struct package_reason *add(struct package_match *m, bool is_met, const char *format, ...)
{
    struct package_reason *r = &m->reasons[m->count++];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(r->text, sizeof r->text, format, args);
    va_end(args);
    r->is_met = is_met;
    r->help[0] = '\0';
    r->code = "";
    r->need[0] = '\0';
    r->has[0] = '\0';
    m->is_met = m->is_met && is_met;
    return r;
}

static void help(struct package_reason *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void help(struct package_reason *r, const char *format, ...)
{
    va_list args;
    if (r->is_met) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(r->help, sizeof r->help, format, args);
    va_end(args);
}

static void say_words(struct package_reason *r, const char *code, struct span need, struct span has)
{
    r->code = code;
    r->need[span_copy(mspan_of(r->need, sizeof r->need - 1), need)] = '\0';
    r->has[span_copy(mspan_of(r->has, sizeof r->has - 1), has)] = '\0';
}

static void say_numbers(struct package_reason *r, const char *code, uint64_t need, uint64_t has)
{
    r->code = code;
    (void)snprintf(r->need, sizeof r->need, "%llu", (unsigned long long)need);
    (void)snprintf(r->has, sizeof r->has, "%llu", (unsigned long long)has);
}

static void say_versions(struct package_reason *r,
                         const char *code,
                         struct package_version need,
                         struct package_version has)
{
    r->code = code;
    (void)snprintf(r->need, sizeof r->need, "%u.%u.%u", (unsigned)need.major, (unsigned)need.minor,
                   (unsigned)need.patch);
    (void)snprintf(r->has, sizeof r->has, "%u.%u.%u", (unsigned)has.major, (unsigned)has.minor,
                   (unsigned)has.patch);
}

static uint64_t lack(uint64_t need, uint64_t have)
{
    return need > have ? need - have : 0;
}

static void
match_programs(struct package_match *m, const struct package *p, const struct package_machine *has)
{
    struct package_reason *r;
    r = add(m, span_equal(p->platform, has->platform), "It is for %.*s; this machine is %.*s.",
            (int)p->platform.n, (const char *)p->platform.p, (int)has->platform.n,
            (const char *)has->platform.p);
    say_words(r, "need_platform", p->platform, has->platform);
    if (p->abi != has->abi || package_version_compare(has->client, p->client_min) < 0) {
        r = add(
            m, false,
            "It needs client %u.%u.%u or later with interface %llu; this is %u.%u.%u with %llu.",
            (unsigned)p->client_min.major, (unsigned)p->client_min.minor,
            (unsigned)p->client_min.patch, (unsigned long long)p->abi, (unsigned)has->client.major,
            (unsigned)has->client.minor, (unsigned)has->client.patch, (unsigned long long)has->abi);
        say_versions(r, p->abi < has->abi ? "need_newer_package" : "need_client", p->client_min,
                     has->client);
        help(r, "%s", p->abi < has->abi ? "Wait for a newer package." : "Update Passmesh first.");
    }
}

static void match_sizes(struct package_match *m,
                        const struct package_needs *n,
                        const struct package_machine *has)
{
    const struct {
        const char *code;
        const char *text;
        const char *help;
        uint64_t need;
        uint64_t have;
    } sizes[] = {
        {"need_cores",  "It needs %llu processor cores; %llu are free for it.",
         "%llu more would do.",                                                                   n->cores,      has->cores     },
        {"need_memory", "It needs %llu MiB of memory; %llu are available.",
         "Close programs that hold %llu MiB.",                                                    n->memory_mib, has->memory_mib},
        {"need_disk",   "It needs %llu MiB of disk; %llu are free.",            "Free %llu MiB.", n->disk_mib,
         has->disk_mib                                                                                                          },
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (sizes[i].need == 0) {
            continue;
        }
        struct package_reason *r = add(m, sizes[i].have >= sizes[i].need, "%s", "");
        /* Both formats are the table's own. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(r->text, sizeof r->text, sizes[i].text, (unsigned long long)sizes[i].need,
                       (unsigned long long)sizes[i].have);
        say_numbers(r, sizes[i].code, sizes[i].need, sizes[i].have);
        if (!r->is_met) {
            (void)snprintf(r->help, sizeof r->help, sizes[i].help,
                           (unsigned long long)lack(sizes[i].need, sizes[i].have));
        }
#pragma GCC diagnostic pop
    }
}

static void match_trust(struct package_match *m,
                        const struct package_needs *n,
                        const struct package_machine *has)
{
    struct package_reason *r;
    if (n->tpm > 0) {
        r = add(m, has->tpm >= n->tpm,
                has->tpm > 0 ? "It needs a TPM %llu; there is a TPM %llu."
                             : "It needs a TPM %llu; none is found.",
                (unsigned long long)n->tpm, (unsigned long long)has->tpm);
        say_numbers(r, "need_tpm", n->tpm, has->tpm);
        help(r, "Many machines have one that is switched off in the firmware's settings.");
    }
    if (n->tee.n > 0) {
        bool is_met = span_equal(n->tee, has->tee);
        r = add(m, is_met, "It runs inside %.*s; this machine %s.", (int)n->tee.n,
                (const char *)n->tee.p,
                is_met           ? "has it"
                : has->tee.n > 0 ? "has another kind"
                                 : "has none");
        say_words(r, "need_tee", n->tee, has->tee);
        help(r, "The processor has to have it, and the firmware has to switch it on.");
    }
    if (n->reachable) {
        r = add(m, has->reachable, "It has to be reachable from outside; this machine %s.",
                has->reachable ? "is" : "is not");
        say_words(r, "need_reachable", SPAN_EMPTY, SPAN_EMPTY);
        help(r, "Let the router forward its port, or use IPv6.");
    }
}

void package_match(struct package_match *ret,
                   const struct package *p,
                   const struct package_machine *m)
{
    memset(ret, 0, sizeof *ret);
    ret->is_met = true;
    match_programs(ret, p, m);
    match_sizes(ret, &p->needs, m);
    match_trust(ret, &p->needs, m);
}

static size_t unmet_count(const struct package_match *m)
{
    size_t count = 0;
    for (size_t i = 0; i < m->count; i++) {
        count += !m->reasons[i].is_met;
    }
    return count;
}

bool package_is_better(const struct package *a,
                       const struct package_match *am,
                       const struct package *b,
                       const struct package_match *bm)
{
    if (am->is_met != bm->is_met) {
        return am->is_met;
    }
    if (unmet_count(am) != unmet_count(bm)) {
        return unmet_count(am) < unmet_count(bm);
    }
    return package_version_compare(a->version, b->version) > 0;
}

/* Is the target an entry of a package of that name? Then also how it matches. */
static bool read_variant(struct package_variant *ret,
                         struct json key,
                         struct json target,
                         struct span name,
                         const struct package_machine *machine)
{
    struct json custom;
    struct span path;
    if (!json_find(&custom, target, "custom") || json_get_plain(&path, key) != OK ||
        package_parse(&ret->package, path, custom, NULL) != OK ||
        !span_equal(ret->package.name, name)) {
        return false;
    }
    package_match(&ret->match, &ret->package, machine);
    return true;
}

enum err package_choose(struct package *ret,
                        struct package_match *ret_match,
                        const struct tuf_metadata *m,
                        struct span name,
                        const struct package_machine *machine)
{
    struct json targets;
    struct json key;
    struct json v;
    bool is_found = false;
    if (!json_find(&targets, m->body, "targets")) {
        return ERR_NOT_FOUND;
    }
    struct json_iter it = json_iterate(targets);
    while (json_next(&it, &key, &v)) {
        struct package_variant one;
        if (!read_variant(&one, key, v, name, machine)) {
            continue;
        }
        if (!is_found || package_is_better(&one.package, &one.match, ret, ret_match)) {
            *ret = one.package;
            *ret_match = one.match;
        }
        is_found = true;
    }
    return is_found ? OK : ERR_NOT_FOUND;
}

size_t package_list(struct package_variant ret[static PACKAGE_VARIANTS_MAX],
                    const struct tuf_metadata *m,
                    struct span name,
                    const struct package_machine *machine)
{
    struct json targets;
    struct json key;
    struct json v;
    size_t count = 0;
    if (!json_find(&targets, m->body, "targets")) {
        return 0;
    }
    struct json_iter it = json_iterate(targets);
    while (json_next(&it, &key, &v)) {
        struct package_variant one;
        if (!read_variant(&one, key, v, name, machine)) {
            continue;
        }
        size_t at = count;
        while (at > 0 && package_is_better(&one.package, &one.match, &ret[at - 1].package,
                                           &ret[at - 1].match)) {
            at--;
        }
        if (at == PACKAGE_VARIANTS_MAX) {
            continue;
        }
        count += count < PACKAGE_VARIANTS_MAX;
        memmove(ret + at + 1, ret + at, (count - at - 1) * sizeof ret[0]);
        ret[at] = one;
    }
    return count;
}
