/* What this machine can do, from what it says about itself. */
#include "tee/hardware.h"

#include "base/wr.h"
#include "codec/decimal.h"
#include "codec/json.h"

#include <assert.h>
#include <string.h>

enum {
    EAX = 0,
    EBX = 1,
    ECX = 2,
    EDX = 3,
    LEAF_SGX = 0x12,
    LEAF_TDX = 0x21,
    EPC_SECTIONS_MAX = 8,
    FILE_LEN_MAX = 512,
    MEMINFO_LEN_MAX = 256,
    EPC_MIN_KIB = 64 * 1024,
    CORES_MIN = 2,
};

#define LEAF_EXTENDED   0x80000000U
#define LEAF_AMD_MEMORY 0x8000001fU
#define LEAF_HYPERVISOR 0x40000000U
#define LEAF_ISOLATION  0x4000000cU
#define HV_ISOLATION    (1U << 22)
#define HV_ROOT         (1U << 12) /* the host's own partition */

#define MEMORY_MIN_KIB                                                                             \
    (UINT64_C(4) * 1024 * 1024 - 256 * 1024) /* 4 GiB, less what firmware keeps */
#define CVM_MEMORY_KIB    (UINT64_C(2) * 1024 * 1024 - 256 * 1024)
#define DISK_FREE_MIN_KIB (UINT64_C(20) * 1024 * 1024)

/* ---- the processor ---- */

struct reader {
    const struct hardware_ops *ops;
    uint32_t max;
    uint32_t max_extended;
    uint32_t max_hypervisor;
};

/* A leaf, or zeros if it is above its maximum. */
static void leaf(const struct reader *r, uint32_t number, uint32_t sub, uint32_t out[static 4])
{
    uint32_t max = number >= LEAF_EXTENDED     ? r->max_extended
                   : number >= LEAF_HYPERVISOR ? r->max_hypervisor
                                               : r->max;
    memset(out, 0, 4 * sizeof out[0]);
    if (number <= max && !r->ops->cpuid(r->ops->self, number, sub, out)) {
        memset(out, 0, 4 * sizeof out[0]);
    }
}

/* Twelve characters of three registers. */
static bool says(uint32_t a, uint32_t b, uint32_t c, const char *text)
{
    uint32_t parts[3] = {a, b, c};
    for (size_t i = 0; i < 12; i++) {
        if ((uint8_t)(parts[i / 4] >> (8 * (i % 4))) != (uint8_t)text[i]) {
            return false;
        }
    }
    return true;
}

static uint64_t epc_bytes(const struct reader *r)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < EPC_SECTIONS_MAX; i++) {
        uint32_t x[4];
        leaf(r, LEAF_SGX, 2 + i, x);
        if ((x[EAX] & 15) != 1) {
            break;
        }
        sum += (uint64_t)(x[EDX] & 0xfffff) << 32 | (x[ECX] & 0xfffff000U);
    }
    return sum;
}

static void read_intel(struct hardware_cpu *c, const struct reader *r)
{
    uint32_t x[4];
    leaf(r, 7, 0, x);
    c->has_sgx = x[EBX] >> 2 & 1;
    c->has_sgx_flc = c->has_sgx && x[ECX] >> 30 & 1;
    if (c->has_sgx) {
        leaf(r, LEAF_SGX, 0, x);
        c->is_sgx_enabled = x[EAX] & 1;
        c->sgx_epc_bytes = c->is_sgx_enabled ? epc_bytes(r) : 0;
    }
    if (c->has_hypervisor) {
        leaf(r, LEAF_TDX, 0, x);
        c->is_tdx_guest = says(x[EBX], x[EDX], x[ECX], "IntelTDX    ");
    }
}

static void read_amd(struct hardware_cpu *c, const struct reader *r)
{
    uint32_t x[4];
    leaf(r, LEAF_AMD_MEMORY, 0, x);
    c->has_sme = x[EAX] & 1;
    c->has_sev = x[EAX] >> 1 & 1;
    c->has_sev_es = x[EAX] >> 3 & 1;
    c->has_sev_snp = x[EAX] >> 4 & 1;
}

static void read_hyperv(struct hardware_cpu *c, struct reader *r)
{
    uint32_t x[4] = {0};
    if (!r->ops->cpuid(r->ops->self, LEAF_HYPERVISOR, 0, x)) {
        return;
    }
    r->max_hypervisor = x[EAX] < LEAF_EXTENDED ? x[EAX] : 0;
    if (!says(x[EBX], x[ECX], x[EDX], "Microsoft Hv")) {
        return;
    }
    leaf(r, LEAF_HYPERVISOR + 3, 0, x);
    if ((x[EBX] & HV_ISOLATION) && !(x[EBX] & HV_ROOT)) {
        leaf(r, LEAF_ISOLATION, 0, x);
        uint8_t type = x[EBX] & 15;
        c->hyperv_isolation = type == 2 || type == 3 ? type : 0;
    }
}

void hardware_cpu_read(struct hardware_cpu *ret, const struct hardware_ops *ops)
{
    struct hardware_cpu c = {0};
    struct reader r = {.ops = ops};
    uint32_t x[4] = {0};
    if (ops->cpuid(ops->self, 0, 0, x)) {
        r.max = x[EAX];
        c.is_intel = says(x[EBX], x[EDX], x[ECX], "GenuineIntel");
        c.is_amd = says(x[EBX], x[EDX], x[ECX], "AuthenticAMD") ||
                   says(x[EBX], x[EDX], x[ECX], "HygonGenuine");
        memset(x, 0, sizeof x);
        (void)ops->cpuid(ops->self, LEAF_EXTENDED, 0, x);
        r.max_extended = x[EAX] >= LEAF_EXTENDED ? x[EAX] : 0;
        leaf(&r, 1, 0, x);
        c.signature = x[EAX];
        c.has_hypervisor = x[ECX] >> 31 & 1;
        c.has_aes = x[ECX] >> 25 & 1;
    }
    if (c.is_intel) {
        read_intel(&c, &r);
    } else if (c.is_amd) {
        read_amd(&c, &r);
    }
    if (c.has_hypervisor) {
        read_hyperv(&c, &r);
    }
    *ret = c;
}

/* ---- files and devices ---- */

static bool is_there(const struct hardware_ops *ops, const char *path)
{
    return ops->access(ops->self, path) != HARDWARE_ABSENT;
}

/* Does the file begin with this? */
static bool file_says(const struct hardware_ops *ops, const char *path, const char *text)
{
    uint8_t room[FILE_LEN_MAX];
    size_t n = ops->read(ops->self, path, MSPAN_OF(room));
    return span_starts_with(span_of(room, n), span_str(text));
}

/* "MemTotal:   16303428 kB" */
static uint64_t memory_kib(const struct hardware_ops *ops)
{
    uint8_t room[MEMINFO_LEN_MAX];
    size_t n = ops->read(ops->self, "/proc/meminfo", MSPAN_OF(room));
    struct span s = span_of(room, n);
    uint64_t kib = 0;
    if (!span_starts_with(s, SPAN_LIT("MemTotal:"))) {
        return 0;
    }
    s = span_from(s, 9);
    while (s.n > 0 && s.p[0] == ' ') {
        s = span_from(s, 1);
    }
    return decimal_parse(&kib, span_first(s, span_find(s, ' ')), UINT64_MAX) == OK ? kib : 0;
}

/* "0-3,8": ranges of numbers. */
static uint32_t count_cores(const struct hardware_ops *ops)
{
    uint8_t room[FILE_LEN_MAX];
    size_t n = ops->read(ops->self, "/sys/devices/system/cpu/online", MSPAN_OF(room));
    struct span s = span_of(room, n);
    uint32_t count = 0;
    s = span_first(s, span_find(s, '\n'));
    while (s.n > 0) {
        struct span range = span_take(&s, span_find(s, ','));
        (void)span_take(&s, 1);
        struct span first = span_take(&range, span_find(range, '-'));
        uint64_t from = 0;
        uint64_t to = 0;
        if (decimal_parse(&from, first, UINT16_MAX) != OK) {
            return 0;
        }
        to = from;
        if (range.n > 0 && decimal_parse(&to, span_from(range, 1), UINT16_MAX) != OK) {
            return 0;
        }
        count += to >= from ? (uint32_t)(to - from + 1) : 0;
    }
    return count;
}

/* ---- each technology ---- */

static struct hardware_state
state(bool chip, bool firmware, bool usable, const char *reason, const char *advice)
{
    return (struct hardware_state){chip, firmware, usable, reason, advice};
}

static const char in_container[] = "device_not_in_container";
static const char pass_device[] = "pass_device";

/* A device that the rest depends on: absent, refused or open. */
static struct hardware_state by_device(const struct hardware *h,
                                       enum hardware_access access,
                                       const char *usable_reason,
                                       const char *absent_reason,
                                       const char *absent_advice,
                                       const char *refused_advice)
{
    switch (access) {
    case HARDWARE_OPEN:    return state(true, true, true, usable_reason, "");
    case HARDWARE_REFUSED: return state(true, true, false, "device_refused", refused_advice);
    case HARDWARE_ABSENT:  break;
    }
    return h->is_container ? state(true, true, false, in_container, pass_device)
                           : state(true, true, false, absent_reason, absent_advice);
}

static enum hardware_access access_of(const struct hardware_ops *ops, const char *path)
{
    return ops->access(ops->self, path);
}

static struct hardware_state detect_sgx(const struct hardware *h, const struct hardware_ops *ops)
{
    const struct hardware_cpu *c = &h->cpu;
    if (!c->has_sgx) {
        return state(false, false, false, "sgx_none", "");
    }
    if (!c->is_sgx_enabled || c->sgx_epc_bytes == 0) {
        return state(true, false, false, "sgx_firmware_off",
                     c->has_hypervisor ? "sgx_ask_host" : "sgx_switch_on");
    }
    if (!c->has_sgx_flc) {
        return state(true, true, false, "sgx_no_launch_control", "");
    }
    return by_device(h, access_of(ops, "/dev/sgx_enclave"), "sgx_ok", "sgx_no_device", "sgx_kernel",
                     "sgx_allow");
}

/* The kernel's common place for reports, or a device of its own. */
static enum hardware_access report_access(const struct hardware_ops *ops, const char *device)
{
    enum hardware_access tsm = access_of(ops, "/sys/kernel/config/tsm/report");
    enum hardware_access own = access_of(ops, device);
    return tsm > own ? tsm : own;
}

static const char become_root[] = "report_as_other";

static struct hardware_state detect_tdx_guest(const struct hardware *h,
                                              const struct hardware_ops *ops)
{
    if (!h->cpu.is_tdx_guest) {
        return state(false, false, false, "tdx_guest_none", "");
    }
    return by_device(h, report_access(ops, "/dev/tdx_guest"), "tdx_guest_ok", "tdx_guest_no_device",
                     "tdx_guest_kernel", become_root);
}

static struct hardware_state detect_tdx_host(const struct hardware *h,
                                             const struct hardware_ops *ops)
{
    bool is_on = file_says(ops, "/sys/module/kvm_intel/parameters/tdx", "Y");
    if (h->cpu.has_hypervisor || !h->cpu.is_intel) {
        return state(false, false, false, "tdx_host_none", "");
    }
    if (!is_on) {
        return state(false, false, false, "tdx_host_off", "tdx_switch_on");
    }
    return by_device(h, access_of(ops, "/dev/kvm"), "tdx_host_ok", "tdx_host_no_device", "kvm_load",
                     "kvm_allow");
}

static struct hardware_state detect_snp_guest(const struct hardware *h,
                                              const struct hardware_ops *ops)
{
    bool is_guest =
        is_there(ops, "/dev/sev-guest") || is_there(ops, "/sys/devices/system/cpu/sev/vmpl");
    if (!h->cpu.has_hypervisor || !is_guest) {
        return state(false, false, false,
                     h->cpu.has_hypervisor && h->cpu.has_sev_snp ? "snp_guest_unsure"
                                                                 : "snp_guest_none",
                     h->cpu.has_hypervisor && h->cpu.has_sev_snp ? "snp_guest_kernel" : "");
    }
    return by_device(h, report_access(ops, "/dev/sev-guest"), "snp_guest_ok", "snp_guest_no_device",
                     "snp_guest_load", become_root);
}

static struct hardware_state detect_snp_host(const struct hardware *h,
                                             const struct hardware_ops *ops)
{
    if (h->cpu.has_hypervisor || !h->cpu.is_amd) {
        return state(false, false, false, "snp_host_none", "");
    }
    if (!h->cpu.has_sev_snp) {
        return state(false, false, false, "snp_host_no_chip",
                     h->cpu.has_sev_es ? "snp_switch_on_epyc" : "");
    }
    if (!file_says(ops, "/sys/module/kvm_amd/parameters/sev_snp", "Y")) {
        return state(true, false, false, "snp_host_off", "snp_switch_on");
    }
    return by_device(h, access_of(ops, "/dev/sev"), "snp_host_ok", "snp_host_no_device",
                     "snp_host_load", "snp_host_allow");
}

static struct hardware_state detect_paravisor(const struct hardware *h,
                                              const struct hardware_ops *ops)
{
    if (h->cpu.hyperv_isolation == 0) {
        return state(false, false, false, "paravisor_none", "");
    }
    return by_device(h, access_of(ops, "/dev/tpmrm0"), "paravisor_ok", "paravisor_no_tpm",
                     "tpm_load_virtual", "tpm_allow");
}

static struct hardware_state detect_nitro(const struct hardware *h,
                                          const struct hardware_ops *ops,
                                          const char *device,
                                          const char *what)
{
    (void)h;
    switch (access_of(ops, device)) {
    case HARDWARE_OPEN:    return state(true, true, true, what, "");
    case HARDWARE_REFUSED: return state(true, true, false, "device_refused", "nitro_allow");
    case HARDWARE_ABSENT:  break;
    }
    return state(false, false, false, "nitro_none", "");
}

static struct hardware_state detect_cca(const struct hardware *h, const struct hardware_ops *ops)
{
    if (!is_there(ops, "/sys/devices/platform/arm-cca-dev") &&
        !is_there(ops, "/sys/bus/platform/devices/arm-cca-dev")) {
        return state(false, false, false, "cca_none", "");
    }
    return by_device(h, access_of(ops, "/sys/kernel/config/tsm/report"), "cca_ok", "cca_no_tokens",
                     "cca_load", become_root);
}

static struct hardware_state detect_optee(const struct hardware *h, const struct hardware_ops *ops)
{
    if (h->cpu.is_amd || h->cpu.is_intel || !is_there(ops, "/dev/tee0")) {
        return state(false, false, false, "optee_none", "");
    }
    return by_device(h, access_of(ops, "/dev/tee0"), "optee_ok", "", "", "optee_allow");
}

static struct hardware_state detect_tpm(const struct hardware *h, const struct hardware_ops *ops)
{
    bool is_2 = file_says(ops, "/sys/class/tpm/tpm0/tpm_version_major", "2");
    enum hardware_access device = access_of(ops, "/dev/tpmrm0");
    if (!is_2 && device == HARDWARE_ABSENT) {
        return state(false, false, false, "tpm_none", h->cpu.has_hypervisor ? "" : "tpm_switch_on");
    }
    return by_device(h, device, "tpm_ok", "tpm_no_device", "tpm_load", "tpm_allow");
}

/* ---- what follows from it ---- */

static bool has_closed_memory(const struct hardware *h)
{
    static const enum hardware_technology kinds[] = {HARDWARE_SGX,         HARDWARE_TDX_GUEST,
                                                     HARDWARE_SNP_GUEST,   HARDWARE_PARAVISOR,
                                                     HARDWARE_NITRO_GUEST, HARDWARE_CCA_REALM};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (h->states[kinds[i]].is_usable) {
            return true;
        }
    }
    return false;
}

static struct hardware_fitness fitness(enum hardware_verdict v, const char *reason)
{
    return (struct hardware_fitness){v, reason};
}

static struct hardware_fitness judge_relay(const struct hardware *h)
{
    if (h->memory_kib < CVM_MEMORY_KIB) {
        return fitness(HARDWARE_CANNOT, "memory_too_small");
    }
    if (h->memory_kib < MEMORY_MIN_KIB || h->cores < CORES_MIN) {
        return fitness(HARDWARE_LIMITED, "serves_few");
    }
    if (h->disk_free_kib < DISK_FREE_MIN_KIB) {
        return fitness(HARDWARE_LIMITED, "keeps_little");
    }
    return fitness(HARDWARE_CAN, "enough");
}

static struct hardware_fitness judge_backup(const struct hardware *h)
{
    bool is_bound = h->states[HARDWARE_TPM2].is_usable || h->states[HARDWARE_OPTEE].is_usable ||
                    has_closed_memory(h);
    if (h->disk_free_kib < DISK_FREE_MIN_KIB) {
        return fitness(HARDWARE_CANNOT, "disk_too_small");
    }
    return is_bound ? fitness(HARDWARE_CAN, "key_bound")
                    : fitness(HARDWARE_LIMITED, "passphrase_only");
}

static struct hardware_fitness judge_cosigner(const struct hardware *h)
{
    if (!has_closed_memory(h)) {
        return fitness(HARDWARE_CANNOT, "no_closed_memory");
    }
    if (h->states[HARDWARE_SGX].is_usable && h->cpu.sgx_epc_bytes / 1024 < EPC_MIN_KIB &&
        h->role != HARDWARE_CONFIDENTIAL_GUEST) {
        return fitness(HARDWARE_LIMITED, "enclave_small");
    }
    if (h->role == HARDWARE_CONFIDENTIAL_GUEST && h->memory_kib < CVM_MEMORY_KIB) {
        return fitness(HARDWARE_CANNOT, "guest_too_small");
    }
    return fitness(HARDWARE_LIMITED, "needs_release");
}

void hardware_detect(struct hardware *ret, const struct hardware_ops *ops, const char *disk_path)
{
    struct hardware h = {0};
    hardware_cpu_read(&h.cpu, ops);
    h.is_container = is_there(ops, "/run/.containerenv") || is_there(ops, "/.dockerenv") ||
                     is_there(ops, "/run/systemd/container");
    h.cores = count_cores(ops);
    h.memory_kib = memory_kib(ops);
    h.disk_free_kib = ops->disk_free_kib(ops->self, disk_path);
    struct hardware_state *s = h.states;
    s[HARDWARE_SGX] = detect_sgx(&h, ops);
    s[HARDWARE_TDX_GUEST] = detect_tdx_guest(&h, ops);
    s[HARDWARE_TDX_HOST] = detect_tdx_host(&h, ops);
    s[HARDWARE_SNP_GUEST] = detect_snp_guest(&h, ops);
    s[HARDWARE_SNP_HOST] = detect_snp_host(&h, ops);
    s[HARDWARE_PARAVISOR] = detect_paravisor(&h, ops);
    s[HARDWARE_NITRO_GUEST] = detect_nitro(&h, ops, "/dev/nsm", "nitro_guest_ok");
    s[HARDWARE_NITRO_HOST] = detect_nitro(&h, ops, "/dev/nitro_enclaves", "nitro_host_ok");
    s[HARDWARE_CCA_REALM] = detect_cca(&h, ops);
    s[HARDWARE_OPTEE] = detect_optee(&h, ops);
    s[HARDWARE_TPM2] = detect_tpm(&h, ops);
    bool is_guest = s[HARDWARE_TDX_GUEST].is_in_chip || s[HARDWARE_SNP_GUEST].is_in_chip ||
                    s[HARDWARE_PARAVISOR].is_in_chip || s[HARDWARE_NITRO_GUEST].is_in_chip ||
                    s[HARDWARE_CCA_REALM].is_in_chip;
    h.role = is_guest               ? HARDWARE_CONFIDENTIAL_GUEST
             : h.cpu.has_hypervisor ? HARDWARE_VM
                                    : HARDWARE_BARE_METAL;
    h.services[HARDWARE_RELAY] = judge_relay(&h);
    h.services[HARDWARE_BACKUP] = judge_backup(&h);
    h.services[HARDWARE_COSIGNER] = judge_cosigner(&h);
    *ret = h;
}

/* ---- words ---- */

static const struct {
    const char *name;
    const char *title;
} technologies[] = {
    [HARDWARE_SGX] = {"sgx",           "Intel SGX"                    },
    [HARDWARE_TDX_GUEST] = {"tdx-guest",     "Intel TDX, guest"             },
    [HARDWARE_TDX_HOST] = {"tdx-host",      "Intel TDX, host"              },
    [HARDWARE_SNP_GUEST] = {"sev-snp-guest", "AMD SEV-SNP, guest"           },
    [HARDWARE_SNP_HOST] = {"sev-snp-host",  "AMD SEV-SNP, host"            },
    [HARDWARE_PARAVISOR] = {"paravisor",     "Paravisor (Hyper-V isolation)"},
    [HARDWARE_NITRO_GUEST] = {"nitro-guest",   "AWS Nitro, enclave"           },
    [HARDWARE_NITRO_HOST] = {"nitro-host",    "AWS Nitro, parent"            },
    [HARDWARE_CCA_REALM] = {"cca-realm",     "Arm CCA realm"                },
    [HARDWARE_OPTEE] = {"op-tee",        "OP-TEE (TrustZone)"           },
    [HARDWARE_TPM2] = {"tpm2",          "TPM 2.0"                      },
};
static_assert(sizeof technologies / sizeof technologies[0] == HARDWARE_TECHNOLOGY_COUNT,
              "words for each");

const char *hardware_technology_name(enum hardware_technology t)
{
    return (unsigned)t < HARDWARE_TECHNOLOGY_COUNT ? technologies[t].name : "unknown";
}

const char *hardware_technology_title(enum hardware_technology t)
{
    return (unsigned)t < HARDWARE_TECHNOLOGY_COUNT ? technologies[t].title : "unknown";
}

const char *hardware_role_name(enum hardware_role r)
{
    switch (r) {
    case HARDWARE_BARE_METAL:         return "bare-metal";
    case HARDWARE_VM:                 return "vm";
    case HARDWARE_CONFIDENTIAL_GUEST: return "confidential-guest";
    }
    return "unknown";
}

const char *hardware_service_name(enum hardware_service s)
{
    switch (s) {
    case HARDWARE_RELAY:         return "relay";
    case HARDWARE_BACKUP:        return "backup";
    case HARDWARE_COSIGNER:      return "co-signer";
    case HARDWARE_SERVICE_COUNT: break;
    }
    return "unknown";
}

const char *hardware_verdict_name(enum hardware_verdict v)
{
    switch (v) {
    case HARDWARE_CANNOT:  return "cannot";
    case HARDWARE_LIMITED: return "limited";
    case HARDWARE_CAN:     return "can";
    }
    return "unknown";
}

static void put_bool(struct json_writer *j, const char *name, bool v)
{
    json_put_name(j, name);
    json_put_bool(j, v);
}

static void put_str(struct json_writer *j, const char *name, const char *v)
{
    json_put_name(j, name);
    json_put_str(j, v);
}

static void put_number(struct json_writer *j, const char *name, uint64_t v)
{
    json_put_name(j, name);
    json_put_u64(j, v);
}

void hardware_write_json(struct json_writer *j, const struct hardware *h)
{
    json_put_object(j);
    put_str(j, "vendor", h->cpu.is_intel ? "intel" : h->cpu.is_amd ? "amd" : "other");
    put_str(j, "role", hardware_role_name(h->role));
    put_bool(j, "container", h->is_container);
    put_number(j, "cores", h->cores);
    put_number(j, "memory_kib", h->memory_kib);
    put_number(j, "disk_free_kib", h->disk_free_kib);
    put_bool(j, "aes", h->cpu.has_aes);
    json_put_name(j, "technologies");
    json_put_array(j);
    for (int i = 0; i < HARDWARE_TECHNOLOGY_COUNT; i++) {
        const struct hardware_state *s = &h->states[i];
        json_put_object(j);
        put_str(j, "name", hardware_technology_name((enum hardware_technology)i));
        put_bool(j, "chip", s->is_in_chip);
        put_bool(j, "firmware", s->is_in_firmware);
        put_bool(j, "usable", s->is_usable);
        put_str(j, "reason", s->reason);
        if (s->advice[0]) {
            put_str(j, "advice", s->advice);
        }
        json_end_object(j);
    }
    json_end_array(j);
    json_put_name(j, "services");
    json_put_array(j);
    for (int i = 0; i < HARDWARE_SERVICE_COUNT; i++) {
        json_put_object(j);
        put_str(j, "name", hardware_service_name((enum hardware_service)i));
        put_str(j, "verdict", hardware_verdict_name(h->services[i].verdict));
        put_str(j, "reason", h->services[i].reason);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}
