/* TCB info and QE identity of Intel's PCS API. Members that we do not use are passed over: Intel adds to them. */
#include "tee/tcb_info.h"

#include "codec/base16.h"
#include "tee/utc.h"

enum {
    COMPONENTS_COUNT = 16,
    VERSION_TCB_INFO = 3,
    VERSION_QE_IDENTITY = 2,
};

static bool is_name(struct json name, const char *text)
{
    struct span plain;
    return json_get_plain(&plain, name) == OK && span_equal(plain, span_str(text));
}

static enum err get_time(walltime *ret, struct json v)
{
    struct span text;
    TRY(json_get_plain(&text, v));
    return utc_parse(ret, text) ? OK : ERR_MALFORMED;
}

static enum err get_hex(struct mspan out, struct json v)
{
    struct span text;
    TRY(json_get_plain(&text, v));
    return base16_decode_fixed(out, text);
}

static enum err get_u32(uint32_t *ret, struct json v)
{
    uint64_t n;
    TRY(json_get_u64(&n, v));
    if (n > UINT32_MAX) {
        return ERR_MALFORMED;
    }
    *ret = (uint32_t)n;
    return OK;
}

static enum err get_u16(uint16_t *ret, struct json v)
{
    uint32_t n;
    TRY(get_u32(&n, v));
    if (n > UINT16_MAX) {
        return ERR_MALFORMED;
    }
    *ret = (uint16_t)n;
    return OK;
}

static enum err get_status(uint8_t *ret, struct json v)
{
    struct span text;
    enum tcb_status status;
    TRY(json_get_plain(&text, v));
    if (!tcb_status_parse(&status, text)) {
        return ERR_UNSUPPORTED;
    }
    *ret = (uint8_t)status;
    return OK;
}

/* Exactly 16 objects, each with its svn. */
static enum err get_components(uint8_t out[static COMPONENTS_COUNT], struct json list)
{
    struct json_iter it = json_iterate(list);
    struct json one;
    size_t count = 0;
    if (list.type != JSON_ARRAY) {
        return ERR_MALFORMED;
    }
    while (json_next(&it, NULL, &one)) {
        uint64_t svn;
        TRY(json_find_u64(&svn, one, "svn"));
        if (svn > UINT8_MAX || count == COMPONENTS_COUNT) {
            return ERR_MALFORMED;
        }
        out[count++] = (uint8_t)svn;
    }
    return count == COMPONENTS_COUNT ? OK : ERR_MALFORMED;
}

/* Which members of an object have been seen; each has a bit. */
enum seen {
    SEEN_TCB = 1,
    SEEN_DATE = 2,
    SEEN_STATUS = 4,
    SEEN_LEVEL = SEEN_TCB | SEEN_DATE | SEEN_STATUS
};

/* Members that levels of both kinds have; a bit of enum seen, or 0. */
static enum err
common_member(unsigned *seen, struct isv_level *to, struct json name, struct json value)
{
    if (is_name(name, "tcbDate")) {
        *seen |= SEEN_DATE;
        return get_time(&to->date, value);
    }
    if (is_name(name, "tcbStatus")) {
        *seen |= SEEN_STATUS;
        return get_status(&to->status, value);
    }
    if (is_name(name, "advisoryIDs")) {
        to->advisories = value;
        return value.type == JSON_ARRAY ? OK : ERR_MALFORMED;
    }
    return OK;
}

static enum err get_platform_tcb(struct tcb_level *l, struct json tcb, enum tee_kind kind)
{
    struct json member;
    struct json sgx;
    struct json tdx;
    if (!json_find(&sgx, tcb, "sgxtcbcomponents") || !json_find(&member, tcb, "pcesvn")) {
        return ERR_MALFORMED;
    }
    TRY(get_components(l->sgx, sgx));
    TRY(get_u16(&l->pce_svn, member));
    if (kind != TEE_TDX) {
        return OK;
    }
    return json_find(&tdx, tcb, "tdxtcbcomponents") ? get_components(l->tdx, tdx) : ERR_MALFORMED;
}

static enum err get_platform_level(struct tcb_level *ret, struct json v, enum tee_kind kind)
{
    struct tcb_level l = {0};
    struct isv_level common = {0};
    struct json_iter it = json_iterate(v);
    struct json name;
    struct json value;
    unsigned seen = 0;
    while (json_next(&it, &name, &value)) {
        if (is_name(name, "tcb")) {
            TRY(get_platform_tcb(&l, value, kind));
            seen |= SEEN_TCB;
        }
        TRY(common_member(&seen, &common, name, value));
    }
    if (seen != SEEN_LEVEL) {
        return ERR_MALFORMED;
    }
    l.status = common.status;
    l.date = common.date;
    l.advisories = common.advisories;
    *ret = l;
    return OK;
}

static enum err get_isv_level(struct isv_level *ret, struct json v)
{
    struct isv_level l = {0};
    struct json_iter it = json_iterate(v);
    struct json name;
    struct json value;
    struct json svn;
    unsigned seen = 0;
    while (json_next(&it, &name, &value)) {
        if (is_name(name, "tcb")) {
            if (!json_find(&svn, value, "isvsvn")) {
                return ERR_MALFORMED;
            }
            TRY(get_u16(&l.svn, svn));
            seen |= SEEN_TCB;
        }
        TRY(common_member(&seen, &l, name, value));
    }
    if (seen != SEEN_LEVEL) {
        return ERR_MALFORMED;
    }
    *ret = l;
    return OK;
}

static enum err get_isv_levels(struct isv_levels *ret, struct json list)
{
    struct json_iter it = json_iterate(list);
    struct json one;
    if (list.type != JSON_ARRAY) {
        return ERR_MALFORMED;
    }
    ret->count = 0;
    while (json_next(&it, NULL, &one)) {
        if (ret->count == TCB_ISV_LEVELS_MAX) {
            return ERR_LIMIT;
        }
        TRY(get_isv_level(&ret->list[ret->count], one));
        ret->count++;
    }
    return OK;
}

static enum err get_levels(struct tcb_info *t, struct json list)
{
    struct json_iter it = json_iterate(list);
    struct json one;
    while (json_next(&it, NULL, &one)) {
        if (t->levels_count == TCB_LEVELS_MAX) {
            return ERR_LIMIT;
        }
        TRY(get_platform_level(&t->levels[t->levels_count], one, t->kind));
        t->levels_count++;
    }
    return OK;
}

static enum err get_module(struct tdx_module *m, struct json v)
{
    struct json mrsigner;
    struct json attributes;
    struct json mask;
    if (!json_find(&mrsigner, v, "mrsigner") || !json_find(&attributes, v, "attributes") ||
        !json_find(&mask, v, "attributesMask")) {
        return ERR_MALFORMED;
    }
    TRY(get_hex(MSPAN_OF(m->mrsigner), mrsigner));
    TRY(get_hex(MSPAN_OF(m->attributes), attributes));
    return get_hex(MSPAN_OF(m->attributes_mask), mask);
}

/* An entry of tdxModuleIdentities: its id is "TDX_" and the version in hexadecimal. */
static enum err get_module_identity(struct tdx_module *m, struct json v)
{
    struct span id;
    struct json levels;
    struct span prefix = SPAN_LIT("TDX_");
    TRY(json_find_plain(&id, v, "id"));
    if (!span_starts_with(id, prefix) || !json_find(&levels, v, "tcbLevels")) {
        return ERR_MALFORMED;
    }
    TRY(base16_decode_fixed(mspan_of(&m->version, 1), span_from(id, prefix.n)));
    TRY(get_module(m, v));
    return get_isv_levels(&m->levels, levels);
}

static enum err get_modules(struct tcb_info *t, struct json root)
{
    struct json member;
    struct json one;
    if (!json_find(&member, root, "tdxModule")) {
        return ERR_MALFORMED;
    }
    t->modules[0] = (struct tdx_module){0};
    TRY(get_module(&t->modules[0], member));
    t->modules_count = 1;
    if (!json_find(&member, root, "tdxModuleIdentities")) {
        return OK;
    }
    struct json_iter it = json_iterate(member);
    while (json_next(&it, NULL, &one)) {
        if (t->modules_count == TCB_MODULES_MAX) {
            return ERR_LIMIT;
        }
        struct tdx_module *m = &t->modules[t->modules_count];
        TRY(get_module_identity(m, one));
        if (tcb_info_module(t, m->version)) {
            return ERR_MALFORMED; /* the same version twice, or 0 */
        }
        t->modules_count++;
    }
    return OK;
}

/* Members that both texts have. */
struct head {
    struct json id;
    struct json levels;
    uint32_t version;
    uint32_t evaluation;
    walltime issued;
    walltime next_update;
};

static enum err get_head(struct head *h, struct json root)
{
    static const char *const names[] = {"version", "tcbEvaluationDataNumber", "issueDate",
                                        "nextUpdate"};
    struct json members[sizeof names / sizeof names[0]];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!json_find(&members[i], root, names[i])) {
            return ERR_MALFORMED;
        }
    }
    if (!json_find(&h->id, root, "id") || !json_find(&h->levels, root, "tcbLevels") ||
        h->levels.type != JSON_ARRAY) {
        return ERR_MALFORMED;
    }
    TRY(get_u32(&h->version, members[0]));
    TRY(get_u32(&h->evaluation, members[1]));
    TRY(get_time(&h->issued, members[2]));
    return get_time(&h->next_update, members[3]);
}

static enum err parse_root(struct json *ret, struct span text, size_t *ret_offset)
{
    struct diag why = {0};
    *ret_offset = 0;
    if (text.n > TCB_TEXT_LEN_MAX) {
        return ERR_LIMIT;
    }
    enum err e = json_parse(ret, text, &why);
    *ret_offset = e == OK ? 0 : why.offset;
    return e;
}

enum err tcb_info_parse(struct tcb_info *ret, struct span text, size_t *ret_offset)
{
    struct json root;
    struct head h;
    struct json fmspc;
    struct json pce_id;
    TRY(parse_root(&root, text, ret_offset));
    TRY(get_head(&h, root));
    bool is_tdx = is_name(h.id, "TDX");
    if (h.version != VERSION_TCB_INFO || (!is_tdx && !is_name(h.id, "SGX"))) {
        return ERR_UNSUPPORTED;
    }
    if (!json_find(&fmspc, root, "fmspc") || !json_find(&pce_id, root, "pceId")) {
        return ERR_MALFORMED;
    }
    ret->kind = is_tdx ? TEE_TDX : TEE_SGX;
    ret->issued = h.issued;
    ret->next_update = h.next_update;
    ret->evaluation = h.evaluation;
    ret->levels_count = 0;
    ret->modules_count = 0;
    TRY(get_hex(MSPAN_OF(ret->fmspc), fmspc));
    TRY(get_hex(MSPAN_OF(ret->pce_id), pce_id));
    TRY(get_levels(ret, h.levels));
    return is_tdx ? get_modules(ret, root) : OK;
}

enum err qe_identity_parse(struct qe_identity *ret, struct span text, size_t *ret_offset)
{
    static const char *const names[] = {"miscselect",     "miscselectMask", "attributes",
                                        "attributesMask", "mrsigner",       "isvprodid"};
    struct json root;
    struct head h;
    struct json members[sizeof names / sizeof names[0]];
    TRY(parse_root(&root, text, ret_offset));
    TRY(get_head(&h, root));
    bool is_tdx = is_name(h.id, "TD_QE");
    if (h.version != VERSION_QE_IDENTITY || (!is_tdx && !is_name(h.id, "QE"))) {
        return ERR_UNSUPPORTED;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!json_find(&members[i], root, names[i])) {
            return ERR_MALFORMED;
        }
    }
    ret->kind = is_tdx ? TEE_TDX : TEE_SGX;
    ret->issued = h.issued;
    ret->next_update = h.next_update;
    ret->evaluation = h.evaluation;
    TRY(get_hex(MSPAN_OF(ret->misc_select), members[0]));
    TRY(get_hex(MSPAN_OF(ret->misc_select_mask), members[1]));
    TRY(get_hex(MSPAN_OF(ret->attributes), members[2]));
    TRY(get_hex(MSPAN_OF(ret->attributes_mask), members[3]));
    TRY(get_hex(MSPAN_OF(ret->mrsigner), members[4]));
    TRY(get_u16(&ret->product_id, members[5]));
    return get_isv_levels(&ret->levels, h.levels);
}

const struct tdx_module *tcb_info_module(const struct tcb_info *t, uint8_t version)
{
    for (size_t i = 0; i < t->modules_count; i++) {
        if (t->modules[i].version == version) {
            return &t->modules[i];
        }
    }
    return NULL;
}

static bool reaches(struct span have, const uint8_t *want, size_t from)
{
    for (size_t i = from; i < COMPONENTS_COUNT; i++) {
        if (have.p[i] < want[i]) {
            return false;
        }
    }
    return true;
}

const struct tcb_level *tcb_info_level(const struct tcb_info *t, const struct tcb_numbers *n)
{
    /* From version 1 on the first two numbers are the module's own, judged by its identity and not by the platform's level. */
    size_t tdx_from = n->tdx.n > 0 && n->tdx.p[1] > 0 ? 2 : 0;
    for (size_t i = 0; i < t->levels_count; i++) {
        const struct tcb_level *l = &t->levels[i];
        bool has_tdx = t->kind != TEE_TDX || reaches(n->tdx, l->tdx, tdx_from);
        if (has_tdx && n->pce_svn >= l->pce_svn && reaches(n->sgx, l->sgx, 0)) {
            return l;
        }
    }
    return NULL;
}

const struct isv_level *isv_levels_find(const struct isv_levels *levels, uint16_t svn)
{
    for (size_t i = 0; i < levels->count; i++) {
        if (svn >= levels->list[i].svn) {
            return &levels->list[i];
        }
    }
    return NULL;
}

enum tcb_status tcb_status_merge(enum tcb_status platform, enum tcb_status component)
{
    if (platform == TCB_REVOKED || component == TCB_REVOKED) {
        return TCB_REVOKED;
    }
    if (component != TCB_OUT_OF_DATE) {
        return platform;
    }
    switch (platform) {
    case TCB_UP_TO_DATE:
    case TCB_SW_HARDENING_NEEDED:
    case TCB_RELAUNCH_ADVISED:                      return TCB_OUT_OF_DATE;
    case TCB_CONFIGURATION_NEEDED:
    case TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED:
    case TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED: return TCB_OUT_OF_DATE_CONFIGURATION_NEEDED;
    case TCB_NOT_STATED:
    case TCB_OUT_OF_DATE:
    case TCB_OUT_OF_DATE_CONFIGURATION_NEEDED:
    case TCB_REVOKED:
    case TCB_STATUS_COUNT:                          break;
    }
    return platform;
}
