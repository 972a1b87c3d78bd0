/* Gramine's /dev/attestation: inside an enclave its calls are answered by Gramine in place of Linux. */
#include "node/attest/attribute.h"
#include "node/attest/collector_devices.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const gramine_file_names[GRAMINE_FILES] = {"attestation_type", "user_report_data",
                                                       "quote"};

static const char *name_of(const char *file)
{
    for (size_t i = 0; i < GRAMINE_FILES; i++) {
        if (strcmp(gramine_file_names[i], file) == 0) {
            return gramine_file_names[i];
        }
    }
    return "";
}

static enum err files_write(struct gramine_ops *ops, const char *file, struct span whole)
{
    return attribute_write(((struct gramine_files *)(void *)ops)->fd, name_of(file), whole);
}

static enum err files_read(struct gramine_ops *ops, const char *file, struct buf *ret)
{
    return attribute_read(((struct gramine_files *)(void *)ops)->fd, name_of(file), ret);
}

void gramine_files_open(struct gramine_files *f, const char *root)
{
    char path[256];
    *f = (struct gramine_files){
        .ops = {.write = files_write, .read = files_read}
    };
    int n = snprintf(path, sizeof path, "%s/dev/attestation", root);
    f->fd = n > 0 && (size_t)n < sizeof path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}
