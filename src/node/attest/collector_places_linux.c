/* Places of collectors on Linux. */
#include "node/attest/collector_places.h"

#include "base/check.h"
#include "node/attest/collector.h"

#include <unistd.h>

static const struct collector_place places[] = {
    {"configfs-tsm", "/sys/kernel/config/tsm/report", "TDX, SEV-SNP, CCA", collector_note, false},
    {"sev-guest",    "/dev/sev-guest",                "SEV-SNP",           collector_note, false},
    {"nsm",          "/dev/nsm",                      "Nitro",             collector_note, false},
    {"gramine",      "/dev/attestation",              "SGX",               collector_note, false},
    {"azure-vtpm",   "/dev/tpmrm0",                   "SEV-SNP",           collector_note, true },
    {"tpm",          "/dev/tpmrm0",                   "TPM 2.0",           "",             false},
};

size_t collector_places_count(void)
{
    return sizeof places / sizeof places[0];
}

const struct collector_place *collector_place(size_t i)
{
    check(i < collector_places_count());
    return &places[i];
}

bool collector_place_is_there(const struct collector_place *p, bool has_paravisor)
{
    return (has_paravisor || !p->is_below_paravisor) && access(p->path, R_OK | W_OK) == 0;
}

const char *collector_note_of(struct span name)
{
    for (size_t i = 0; i < collector_places_count(); i++) {
        if (span_equal(name, span_str(places[i].name))) {
            return places[i].note;
        }
    }
    return "";
}

bool collector_places_any(const char *tpm)
{
    bool any = access(tpm, R_OK | W_OK) == 0;
    for (size_t i = 0; i < collector_places_count(); i++) {
        any = any || collector_place_is_there(&places[i], false);
    }
    return any;
}
