/* Appraisal policies. */
#include "tee/policy.h"

#include "base/secret.h"
#include "tee/measurements.h"

#include <string.h>

enum { VMPL_MAX = 3 };

static bool is_text(struct json v, const char *text)
{
    return json_string_equal(v, span_str(text));
}

static enum err number(uint64_t *ret, struct json v, uint64_t max)
{
    uint64_t n;
    TRY(json_get_u64(&n, v));
    if (n > max) {
        return ERR_MALFORMED;
    }
    *ret = n;
    return OK;
}

/* A list of words, each a bit. */
static enum err
read_words(uint32_t *ret, struct json list, bool (*bit_of)(uint32_t *ret, struct span word))
{
    struct json_iter it = json_iterate(list);
    struct json one;
    uint32_t bits = 0;
    if (list.type != JSON_ARRAY) {
        return ERR_MALFORMED;
    }
    while (json_next(&it, NULL, &one)) {
        struct span word;
        uint32_t bit;
        TRY(json_get_plain(&word, one));
        if (!bit_of(&bit, word)) {
            return ERR_MALFORMED;
        }
        bits |= bit;
    }
    *ret = bits;
    return OK;
}

static bool status_bit(uint32_t *ret, struct span word)
{
    enum tcb_status status;
    /* Revoked is no word of a policy: keys of such a platform are known to others. */
    if (!tcb_status_parse(&status, word) || status == TCB_REVOKED) {
        return false;
    }
    *ret = UINT32_C(1) << status;
    return true;
}

static bool allow_bit(uint32_t *ret, struct span word)
{
    static const char *const words[] = {"sept_ve", "service_td", "migration", "no_ek"};
    for (uint32_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (span_equal(word, span_str(words[i]))) {
            *ret = UINT32_C(1) << i;
            return true;
        }
    }
    return false;
}

static enum err read_firmware(struct snp_firmware *ret, struct json v)
{
    struct {
        const char *name;
        uint8_t *to;
    } members[] = {
        {"fmc",        &ret->fmc       },
        {"bootloader", &ret->bootloader},
        {"tee",        &ret->tee       },
        {"snp",        &ret->snp       },
        {"microcode",  &ret->microcode }
    };
    struct json_iter it = json_iterate(v);
    struct json name;
    struct json value;
    if (v.type != JSON_OBJECT) {
        return ERR_MALFORMED;
    }
    while (json_next(&it, &name, &value)) {
        size_t i = 0;
        uint64_t n;
        while (i < sizeof members / sizeof members[0] && !is_text(name, members[i].name)) {
            i++;
        }
        if (i == sizeof members / sizeof members[0]) {
            return ERR_MALFORMED;
        }
        TRY(number(&n, value, UINT8_MAX));
        *members[i].to = (uint8_t)n;
    }
    return OK;
}

static enum err check_measurements(struct json v)
{
    struct json_iter it = json_iterate(v);
    struct json set;
    if (is_text(v, "any") || is_text(v, "released")) {
        return OK;
    }
    while (json_next(&it, NULL, &set)) {
        TRY(measurements_check(set));
    }
    return v.type == JSON_ARRAY ? OK : ERR_MALFORMED;
}

static enum err read_crl(bool *ret, struct json v)
{
    *ret = is_text(v, "required");
    return *ret || is_text(v, "optional") ? OK : ERR_MALFORMED;
}

static enum err read_member(struct policy_rule *r, struct json name, struct json v)
{
    uint64_t n = 0;
    if (is_text(name, "kind")) {
        return OK;
    } else if (is_text(name, "tcb")) {
        return read_words(&r->statuses, v, status_bit);
    } else if (is_text(name, "allow")) {
        return read_words(&r->allow, v, allow_bit);
    } else if (is_text(name, "crl")) {
        return read_crl(&r->is_crl_required, v);
    } else if (is_text(name, "firmware_min")) {
        return read_firmware(&r->firmware_min, v);
    } else if (is_text(name, "measurements")) {
        r->measurements = v;
        return check_measurements(v);
    } else if (is_text(name, "vmpl")) {
        TRY(number(&n, v, VMPL_MAX));
        r->vmpl = (uint8_t)n;
    } else if (is_text(name, "evaluation_min")) {
        TRY(number(&n, v, UINT32_MAX));
        r->evaluation_min = (uint32_t)n;
    } else if (is_text(name, "svn_min")) {
        TRY(number(&n, v, UINT16_MAX));
        r->svn_min = (uint16_t)n;
    } else if (is_text(name, "product_id")) {
        TRY(number(&n, v, UINT16_MAX));
        r->has_product_id = true;
        r->product_id = (uint16_t)n;
    } else {
        return ERR_MALFORMED;
    }
    return OK;
}

static enum err read_rule(struct policy_rule *ret, enum tee_kind *ret_kind, struct json v)
{
    struct policy_rule r = {.is_crl_required = true, .measurements = {.type = JSON_NULL}};
    struct json_iter it = json_iterate(v);
    struct json name;
    struct json value;
    struct json kind;
    struct span word;
    if (!json_find(&kind, v, "kind")) {
        return ERR_MALFORMED;
    }
    TRY(json_get_plain(&word, kind));
    if (!tee_kind_parse(ret_kind, word)) {
        return ERR_MALFORMED;
    }
    while (json_next(&it, &name, &value)) {
        TRY(read_member(&r, name, value));
    }
    if (r.measurements.type == JSON_NULL) {
        return ERR_MALFORMED;
    }
    *ret = r;
    return OK;
}

static enum err check_rules(struct json rules)
{
    struct json_iter it = json_iterate(rules);
    struct json one;
    unsigned seen = 0;
    while (json_next(&it, NULL, &one)) {
        struct policy_rule rule;
        enum tee_kind kind;
        TRY(read_rule(&rule, &kind, one));
        if (seen & 1U << kind) {
            return ERR_MALFORMED;
        }
        seen |= 1U << kind;
    }
    return rules.type == JSON_ARRAY ? OK : ERR_MALFORMED;
}

enum err policy_parse(struct policy *ret, struct span text, struct diag *why)
{
    struct json root;
    struct json rules;
    uint64_t version;
    if (text.n > POLICY_TEXT_LEN_MAX) {
        return diag_set(why, ERR_LIMIT, "policy: too long", POLICY_TEXT_LEN_MAX);
    }
    TRY(json_parse(&root, text, why));
    if (json_find_u64(&version, root, "version") != OK || version != 1) {
        return diag_set(why, ERR_MALFORMED, "policy: \"version\" must be 1", 0);
    }
    if (!json_find(&rules, root, "rules") || json_count(root) != 2) {
        return diag_set(why, ERR_MALFORMED, "policy: wants \"version\" and \"rules\", no more", 0);
    }
    if (check_rules(rules) != OK) {
        return diag_set(why, ERR_MALFORMED, "policy: a rule is not as it must be",
                        (size_t)(rules.raw.p - text.p));
    }
    *ret = (struct policy){.is_parsed = true, .rules = rules};
    return OK;
}

bool policy_find(struct policy_rule *ret, const struct policy *p, enum tee_kind kind)
{
    struct json_iter it = json_iterate(p->rules);
    struct json one;
    while (p->is_parsed && json_next(&it, NULL, &one)) {
        struct policy_rule rule;
        enum tee_kind k;
        if (read_rule(&rule, &k, one) == OK && k == kind) {
            *ret = rule;
            return true;
        }
    }
    return false;
}

enum err policy_begin(struct policy_rule *ret, struct appraisal *a, const struct expectation *e)
{
    return policy_find(ret, e->policy, a->kind)
               ? OK
               : appraisal_fail(a, ERR_DENIED, STEP_POLICY_NO_RULE, PART_POLICY, 0);
}

static bool has_measurements(const struct appraisal *a, struct json accepted, bool is_released)
{
    struct json_iter it = json_iterate(accepted);
    struct json set;
    if (accepted.type == JSON_STRING) {
        return is_released || is_text(accepted, "any");
    }
    while (json_next(&it, NULL, &set)) {
        if (measurements_match(set, a)) {
            return true;
        }
    }
    return false;
}

enum err
policy_decide(struct appraisal *a, const struct policy_rule *rule, const struct expectation *e)
{
    if (a->tcb != TCB_NOT_STATED && !(rule->statuses >> a->tcb & 1)) {
        return appraisal_fail(a, ERR_DENIED, STEP_POLICY_STATUS, PART_POLICY, 0);
    }
    if (a->evaluation < rule->evaluation_min || a->svn < rule->svn_min ||
        (rule->has_product_id && a->product_id != rule->product_id)) {
        return appraisal_fail(a, ERR_DENIED, STEP_POLICY_FLOOR, PART_POLICY, 0);
    }
    bool is_released = e->releases && releases_have(e->releases, a, e->now);
    if (!has_measurements(a, rule->measurements, is_released)) {
        return appraisal_fail(a, ERR_DENIED, STEP_POLICY_MEASUREMENT, PART_POLICY, 0);
    }
    struct span data = span_of(a->report_data, a->report_data_len);
    if (e->binding.n == 0 || !span_equal(data, e->binding)) {
        return appraisal_fail(a, ERR_AUTH, STEP_BINDING, PART_EVIDENCE, 0);
    }
    /* A TPM's registers tell what was started, and not who uses its keys now. */
    a->level = a->kind == TEE_TPM2 ? TEE_LEVEL_TPM_BOUND_KEY
               : is_released       ? TEE_LEVEL_CODE_ATTESTED
                                   : TEE_LEVEL_HARDWARE_ATTESTED;
    return OK;
}
