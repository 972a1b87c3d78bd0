/* Values against the schemas of the local API. Input: two bytes that choose a schema, then JSON text. A fault names a rule, and a
 * second look says the same. */
#include "node/api/api_check.h"

#include "api_tables.h"
#include "base/check.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json v;
    struct api_fault first;
    struct api_fault second;
    if (size < 2 || json_parse(&v, span_of(data + 2, size - 2), NULL) != OK) {
        return 0;
    }
    uint16_t node = (uint16_t)(((unsigned)data[0] << 8 | data[1]) % API_NODES_COUNT);
    enum err err = api_check(v, node, &first);
    check(err == OK || err == ERR_MALFORMED);
    check((err == OK) == (first.rule[0] == '\0'));
    check(memchr(first.field, '\0', sizeof first.field) != NULL);
    check(api_check(v, node, &second) == err);
    check(strcmp(first.rule, second.rule) == 0);
    check(strcmp(first.field, second.field) == 0);
    return 0;
}
