/* Recorded machines: CPUID of real processors, states of SGX, traps, and whole machines put together from both. */
#include "tee/hardware.h"

#include "base/test.h"
#include "codec/base16.h"
#include "codec/json.h"

#include <stdio.h>
#include <string.h>

enum { LEAVES_MAX = 24, PATHS_MAX = 12 };

struct machine {
    size_t leaves_count;
    struct {
        uint32_t leaf;
        uint32_t sub;
        uint32_t x[4];
    } leaves[LEAVES_MAX];
    bool is_arm;
    struct {
        const char *path;
        enum hardware_access access;
        const char *content;
    } paths[PATHS_MAX];
    size_t above_max_count; /* leaves that were asked for and must not be */
    uint32_t max[3];
};

static bool machine_cpuid(void *self, uint32_t leaf, uint32_t sub, uint32_t out[4])
{
    struct machine *m = self;
    if (m->is_arm) {
        return false;
    }
    bool is_root = leaf == 0 || leaf == 0x80000000U || leaf == 0x40000000U;
    uint32_t max = leaf >= 0x80000000U ? m->max[2] : leaf >= 0x40000000U ? UINT32_MAX : m->max[0];
    m->above_max_count += !is_root && leaf > max;
    memset(out, 0, 4 * sizeof out[0]);
    for (size_t i = 0; i < m->leaves_count; i++) {
        if (m->leaves[i].leaf == leaf && m->leaves[i].sub == sub) {
            memcpy(out, m->leaves[i].x, sizeof m->leaves[i].x);
        }
    }
    return true;
}

static size_t machine_read(void *self, const char *path, struct mspan out)
{
    const struct machine *m = self;
    for (size_t i = 0; i < PATHS_MAX && m->paths[i].path; i++) {
        if (strcmp(m->paths[i].path, path) == 0 && m->paths[i].content) {
            return span_copy(out, span_str(m->paths[i].content));
        }
    }
    return 0;
}

static enum hardware_access machine_access(void *self, const char *path)
{
    const struct machine *m = self;
    for (size_t i = 0; i < PATHS_MAX && m->paths[i].path; i++) {
        if (strcmp(m->paths[i].path, path) == 0) {
            return m->paths[i].access;
        }
    }
    return HARDWARE_ABSENT;
}

static uint64_t machine_disk(void *self, const char *path)
{
    (void)self;
    return path[0] == '/' ? UINT64_C(50) << 20 : 0;
}

static struct hardware_ops ops_of(struct machine *m)
{
    for (size_t i = 0; i < m->leaves_count; i++) {
        if (m->leaves[i].leaf == 0) {
            m->max[0] = m->leaves[i].x[0];
        }
        if (m->leaves[i].leaf == 0x80000000U) {
            m->max[2] = m->leaves[i].x[0];
        }
    }
    return (struct hardware_ops){m, machine_cpuid, machine_read, machine_access, machine_disk};
}

static void
add(struct machine *m, uint32_t leaf, uint32_t sub, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    size_t i = m->leaves_count++;
    m->leaves[i].leaf = leaf;
    m->leaves[i].sub = sub;
    m->leaves[i].x[0] = a;
    m->leaves[i].x[1] = b;
    m->leaves[i].x[2] = c;
    m->leaves[i].x[3] = d;
}

static const uint32_t columns[][2] = {
    {0,           0},
    {1,           0},
    {7,           0},
    {0x12,        0},
    {0x12,        1},
    {0x12,        2},
    {0x21,        0},
    {0x80000000U, 0},
    {0x80000008U, 0},
    {0x8000001fU, 0}
};

/* A line of the table: name, ten leaves as EAX-EBX-ECX-EDX, what is expected. */
static bool
read_line(struct machine *m, struct span line, struct span *ret_expected, struct span *ret_name)
{
    *m = (struct machine){0};
    *ret_name = span_take(&line, span_find(line, '\t'));
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        uint32_t x[4] = {0};
        (void)span_take(&line, 1);
        struct span cell = span_take(&line, span_find(line, '\t'));
        for (size_t k = 0; k < 4 && cell.n >= 8; k++) {
            uint8_t be[4];
            if (base16_decode_fixed(MSPAN_OF(be), span_take(&cell, 8)) != OK) {
                break;
            }
            x[k] = (uint32_t)be[0] << 24 | (uint32_t)be[1] << 16 | (uint32_t)be[2] << 8 | be[3];
            (void)span_take(&cell, 1);
        }
        add(m, columns[i][0], columns[i][1], x[0], x[1], x[2], x[3]);
    }
    (void)span_take(&line, 1);
    *ret_expected = line;
    return line.n > 0;
}

static bool wants(struct span expected, const char *name)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%s=1", name);
    for (size_t i = 0; i + (size_t)n <= expected.n; i++) {
        if (memcmp(expected.p + i, text, (size_t)n) == 0 && (i == 0 || expected.p[i - 1] == ' ')) {
            return true;
        }
    }
    return false;
}

TEST(processors_are_read_as_recorded)
{
    struct span text;
    size_t count = 0;
    if (!test_fixture("tee/cpuid/cpuid-dumps.tsv", &text)) {
        return;
    }
    (void)span_take(&text, span_find(text, '\n') + 1);
    while (text.n > 0) {
        struct machine m;
        struct hardware_cpu c;
        struct span expected;
        struct span name;
        struct span line = span_take(&text, span_find(text, '\n'));
        (void)span_take(&text, 1);
        TEST_REQUIRE(read_line(&m, line, &expected, &name));
        struct hardware_ops ops = ops_of(&m);
        hardware_cpu_read(&c, &ops);
        test_note("%.*s", (int)name.n, (const char *)name.p);
        EXPECT_EQ(wants(expected, "sgx_cpu"), c.has_sgx);
        EXPECT_EQ(wants(expected, "sgx_flc"), c.has_sgx_flc);
        EXPECT_EQ(wants(expected, "sgx_enabled"), c.is_sgx_enabled);
        EXPECT_EQ(wants(expected, "sgx_epc"), c.sgx_epc_bytes > 0);
        EXPECT_EQ(wants(expected, "sme"), c.has_sme);
        EXPECT_EQ(wants(expected, "sev"), c.has_sev);
        EXPECT_EQ(wants(expected, "sev_es"), c.has_sev_es);
        EXPECT_EQ(wants(expected, "sev_snp"), c.has_sev_snp);
        EXPECT_EQ(wants(expected, "hv"), c.has_hypervisor);
        EXPECT_EQ(0, m.above_max_count);
        count++;
    }
    EXPECT(count > 70);
}

/* Readings above the maximum: junk that reads as every feature at once. */
TEST(no_leaf_above_the_maximum_is_read)
{
    struct machine intel = {0};
    struct machine amd = {0};
    struct hardware_cpu c;
    add(&intel, 0, 0, 0x24, 0x756e6547, 0x6c65746e, 0x49656e69);
    add(&intel, 0x80000000U, 0, 0x80000008U, 0, 0, 0);
    add(&intel, 0x8000001fU, 0, 0, 0x00070001, 0, 0);
    struct hardware_ops ops = ops_of(&intel);
    hardware_cpu_read(&c, &ops);
    EXPECT(!c.has_sev && !c.has_sme && !c.has_sev_snp);
    EXPECT_EQ(0, intel.above_max_count);
    add(&amd, 0, 0, 0x0d, 0x68747541, 0x444d4163, 0x69746e65);
    add(&amd, 0x80000000U, 0, 0x8000000aU, 0, 0, 0);
    add(&amd, 0x8000001fU, 0, 0x21f, 0xa88, 0xa88, 0);
    ops = ops_of(&amd);
    hardware_cpu_read(&c, &ops);
    EXPECT(c.is_amd);
    EXPECT(!c.has_sev && !c.has_sev_es && !c.has_sev_snp);
    EXPECT_EQ(0, amd.above_max_count);
}

/* "name: true" anywhere in a recorded state. */
static bool yaml_says(struct span text, const char *name)
{
    char want[64];
    int n = snprintf(want, sizeof want, " %s: true", name);
    for (size_t i = 0; i + (size_t)n <= text.n; i++) {
        if (memcmp(text.p + i, want, (size_t)n) == 0) {
            return true;
        }
    }
    return false;
}

TEST(recorded_states_of_sgx)
{
    static const struct {
        const char *file;
        bool firmware;
        bool usable; /* with a device that is there */
    } rows[] = {
        {"sgx1_uefi-enabled",             true,  false}, /* no flexible launch control */
        {"sgx2+flc_uefi-disabled",        false, false},
        {"sgx2+flc_uefi-enabled",         true,  true },
        {"sgx2+flc_uefi-swctrl-disabled", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[100];
        struct span text;
        struct machine m = {0};
        struct hardware h;
        (void)snprintf(path, sizeof path, "tee/cpuid/%s.yaml", rows[i].file);
        if (!test_fixture(path, &text)) {
            return;
        }
        bool has_sgx1 = yaml_says(text, "sgx1");
        add(&m, 0, 0, 0x20, 0x756e6547, 0x6c65746e, 0x49656e69);
        add(&m, 7, 0, 0, yaml_says(text, "sgx") ? 4 : 0, yaml_says(text, "sgx_lc") ? 1U << 30 : 0,
            0);
        add(&m, 0x12, 0, has_sgx1, 0, 0, 0);
        add(&m, 0x12, 2, has_sgx1, 0, has_sgx1 ? 0x5d80001 : 0, 0);
        m.paths[0].path = "/dev/sgx_enclave";
        m.paths[0].access = HARDWARE_OPEN;
        struct hardware_ops ops = ops_of(&m);
        hardware_detect(&h, &ops, "/");
        test_note("%s", rows[i].file);
        EXPECT(h.states[HARDWARE_SGX].is_in_chip);
        EXPECT_EQ(rows[i].firmware, h.states[HARDWARE_SGX].is_in_firmware);
        EXPECT_EQ(rows[i].usable, h.states[HARDWARE_SGX].is_usable);
        EXPECT(rows[i].usable == (h.services[HARDWARE_COSIGNER].verdict != HARDWARE_CANNOT));
    }
}

static void intel_guest(struct machine *m)
{
    add(m, 0, 0, 0x21, 0x756e6547, 0x6c65746e, 0x49656e69);
    add(m, 1, 0, 0, 0, 1U << 31 | 1U << 25, 0);
}

static void amd(struct machine *m, bool is_guest)
{
    add(m, 0, 0, 0x10, 0x68747541, 0x444d4163, 0x69746e65);
    add(m, 1, 0, 0, 0, is_guest ? 1U << 31 : 0, 0);
    add(m, 0x80000000U, 0, 0x8000001fU, 0, 0, 0);
    add(m, 0x8000001fU, 0, 0x1f, 0, 0, 0);
}

static void
path(struct machine *m, const char *name, enum hardware_access access, const char *content)
{
    size_t i = 0;
    while (m->paths[i].path) {
        i++;
    }
    m->paths[i].path = name;
    m->paths[i].access = access;
    m->paths[i].content = content;
}

static void detect(struct hardware *h, struct machine *m)
{
    struct hardware_ops ops = ops_of(m);
    path(m, "/proc/meminfo", HARDWARE_OPEN, "MemTotal:        8126232 kB\nMemFree: 1 kB\n");
    path(m, "/sys/devices/system/cpu/online", HARDWARE_OPEN, "0-3,8\n");
    hardware_detect(h, &ops, "/");
    for (int i = 0; i < HARDWARE_TECHNOLOGY_COUNT; i++) {
        const struct hardware_state *s = &h->states[i];
        EXPECT(hardware_sentence(s->reason)[0]);
        EXPECT(s->advice[0] == '\0' || hardware_sentence(s->advice)[0]);
        EXPECT(s->is_in_chip || !s->is_in_firmware);
        EXPECT(s->is_in_firmware || !s->is_usable);
    }
    for (int i = 0; i < HARDWARE_SERVICE_COUNT; i++) {
        EXPECT(hardware_sentence(h->services[i].reason)[0]);
    }
}

TEST(a_tdx_guest)
{
    struct machine m = {0};
    struct hardware h;
    intel_guest(&m);
    add(&m, 0x21, 0, 0, 0x65746e49, 0x20202020, 0x5844546c);
    detect(&h, &m);
    EXPECT_EQ(HARDWARE_CONFIDENTIAL_GUEST, h.role);
    EXPECT(h.states[HARDWARE_TDX_GUEST].is_in_firmware && !h.states[HARDWARE_TDX_GUEST].is_usable);
    EXPECT(h.states[HARDWARE_TDX_GUEST].advice[0] != '\0');
    m.paths[0].path = NULL;
    path(&m, "/dev/tdx_guest", HARDWARE_OPEN, NULL);
    detect(&h, &m);
    EXPECT(h.states[HARDWARE_TDX_GUEST].is_usable);
    EXPECT_EQ(5, h.cores);
    EXPECT_EQ(8126232, h.memory_kib);
    EXPECT_EQ(HARDWARE_CAN, h.services[HARDWARE_RELAY].verdict);
    EXPECT_EQ(HARDWARE_LIMITED, h.services[HARDWARE_COSIGNER].verdict);
}

TEST(the_name_alone_makes_no_snp_guest)
{
    struct machine m = {0};
    struct hardware h;
    amd(&m, true);
    detect(&h, &m);
    EXPECT_EQ(HARDWARE_VM, h.role);
    EXPECT(!h.states[HARDWARE_SNP_GUEST].is_usable);
    EXPECT_EQ(HARDWARE_CANNOT, h.services[HARDWARE_COSIGNER].verdict);
    m = (struct machine){0};
    amd(&m, true);
    path(&m, "/dev/sev-guest", HARDWARE_REFUSED, NULL);
    detect(&h, &m);
    EXPECT_EQ(HARDWARE_CONFIDENTIAL_GUEST, h.role);
    EXPECT(h.states[HARDWARE_SNP_GUEST].is_in_firmware && !h.states[HARDWARE_SNP_GUEST].is_usable);
    m.paths[0].access = HARDWARE_OPEN;
    m.paths[1].path = NULL;
    detect(&h, &m);
    EXPECT(h.states[HARDWARE_SNP_GUEST].is_usable);
}

TEST(an_snp_host)
{
    struct machine m = {0};
    struct hardware h;
    amd(&m, false);
    detect(&h, &m);
    EXPECT(h.states[HARDWARE_SNP_HOST].is_in_chip && !h.states[HARDWARE_SNP_HOST].is_in_firmware);
    m.paths[0].path = NULL;
    path(&m, "/sys/module/kvm_amd/parameters/sev_snp", HARDWARE_OPEN, "Y\n");
    path(&m, "/dev/sev", HARDWARE_OPEN, NULL);
    detect(&h, &m);
    EXPECT(h.states[HARDWARE_SNP_HOST].is_usable);
    EXPECT_EQ(HARDWARE_BARE_METAL, h.role);
    /* A host can start such guests; it is none itself. */
    EXPECT_EQ(HARDWARE_CANNOT, h.services[HARDWARE_COSIGNER].verdict);
}

TEST(a_vm_behind_a_paravisor)
{
    static const struct {
        uint32_t features;
        uint32_t type;
        uint32_t max;
        bool is_isolated;
    } rows[] = {
        {1U << 22,            2, 0x4000000c, true },
        {1U << 22,            3, 0x4000000c, true },
        {1U << 22,            1, 0x4000000c, false},
        {1U << 22 | 1U << 12, 2, 0x4000000c, false},
        {0,                   2, 0x4000000c, false},
        {1U << 22,            2, 0x4000000b, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct machine m = {0};
        struct hardware h;
        intel_guest(&m);
        add(&m, 0x40000000, 0, rows[i].max, 0x7263694d, 0x666f736f, 0x76482074);
        add(&m, 0x40000003, 0, 0, rows[i].features, 0, 0);
        add(&m, 0x4000000c, 0, 0, rows[i].type, 0, 0);
        path(&m, "/dev/tpmrm0", HARDWARE_OPEN, NULL);
        detect(&h, &m);
        test_note("row %zu", i);
        EXPECT_EQ(rows[i].is_isolated, h.states[HARDWARE_PARAVISOR].is_usable);
    }
}

TEST(an_arm_board_and_a_container)
{
    struct machine m = {.is_arm = true};
    struct hardware h;
    path(&m, "/dev/tee0", HARDWARE_OPEN, NULL);
    detect(&h, &m);
    EXPECT(h.states[HARDWARE_OPTEE].is_usable);
    EXPECT(!h.states[HARDWARE_SGX].is_in_chip);
    EXPECT_EQ(HARDWARE_CAN, h.services[HARDWARE_BACKUP].verdict);
    m = (struct machine){0};
    add(&m, 0, 0, 0x20, 0x756e6547, 0x6c65746e, 0x49656e69);
    add(&m, 7, 0, 0, 4, 1U << 30, 0);
    add(&m, 0x12, 0, 1, 0, 0, 0);
    add(&m, 0x12, 2, 1, 0, 0x8000001, 0);
    path(&m, "/.dockerenv", HARDWARE_OPEN, NULL);
    detect(&h, &m);
    EXPECT(h.is_container);
    EXPECT(!h.states[HARDWARE_SGX].is_usable);
    EXPECT_STR("pass_device", h.states[HARDWARE_SGX].advice);
    EXPECT_STR("Pass the device into the container, or run outside of it.",
               hardware_sentence(h.states[HARDWARE_SGX].advice));
    EXPECT_STR("", hardware_sentence("pass_devic"));
    EXPECT_STR("", hardware_sentence(""));
}

TEST(a_machine_that_says_nothing)
{
    struct machine m = {.is_arm = true};
    struct hardware h;
    struct hardware_ops ops = ops_of(&m);
    hardware_detect(&h, &ops, "");
    for (int i = 0; i < HARDWARE_TECHNOLOGY_COUNT; i++) {
        EXPECT(!h.states[i].is_in_chip);
    }
    for (int i = 0; i < HARDWARE_SERVICE_COUNT; i++) {
        EXPECT_EQ(HARDWARE_CANNOT, h.services[i].verdict);
    }
}

TEST(its_json_is_json)
{
    static uint8_t room[8192];
    struct machine m = {0};
    struct hardware h;
    struct json root;
    struct json list;
    amd(&m, false);
    detect(&h, &m);
    struct wr w = wr_init(MSPAN_OF(room));
    struct json_writer j = json_writer_init(&w);
    hardware_write_json(&j, &h);
    TEST_REQUIRE(EXPECT_OK(json_writer_end(&j)));
    TEST_REQUIRE(EXPECT_OK(json_parse(&root, span_of(room, w.n), NULL)));
    TEST_REQUIRE(json_find(&list, root, "technologies"));
    EXPECT_EQ(HARDWARE_TECHNOLOGY_COUNT, json_count(list));
}

TEST_MAIN
