/* The security keys of this computer. */
#include "devices.h"
#include "node/authenticator/libfido2.h"

#include <stdio.h>

enum { DEVICES_MAX = 16 };

int keys_list(void)
{
    size_t count = 0;
    fido_dev_info_t *found = fido_dev_info_new(DEVICES_MAX);
    if (!found || fido_dev_info_manifest(found, DEVICES_MAX, &count) != FIDO_OK) {
        say("The security keys of this computer cannot be listed.");
        fido_dev_info_free(&found, DEVICES_MAX);
        return EXIT_FAILED;
    }
    for (size_t i = 0; i < count; i++) {
        const fido_dev_info_t *one = fido_dev_info_ptr(found, i);
        (void)printf("%s  %s %s\n", fido_dev_info_path(one), fido_dev_info_manufacturer_string(one),
                     fido_dev_info_product_string(one));
    }
    fido_dev_info_free(&found, DEVICES_MAX);
    if (count == 0) {
        say("No security key was found. Plug one in; it may need a rule of udev (libfido2's "
            "60-fido-id.rules).");
    }
    return count > 0 ? EXIT_DONE : EXIT_FAILED;
}

bool keys_find(char out[static TEXT_LEN], const char *named)
{
    size_t count = 0;
    if (named) {
        return snprintf(out, TEXT_LEN, "%s", named) < TEXT_LEN;
    }
    fido_dev_info_t *found = fido_dev_info_new(DEVICES_MAX);
    bool has_one =
        found && fido_dev_info_manifest(found, DEVICES_MAX, &count) == FIDO_OK && count > 0;
    if (has_one) {
        (void)snprintf(out, TEXT_LEN, "%s", fido_dev_info_path(fido_dev_info_ptr(found, 0)));
    }
    fido_dev_info_free(&found, DEVICES_MAX);
    return has_one;
}
