/* passmesh-tpm: talks to the machine's TPM for keyd or for the server, and to whatever else makes evidence, which start it and pass one end of a socket pair as descriptor 3:
 *
 *     passmesh-tpm --device PATH --for seal|evidence */
#include "node/os/process.h"
#include "node/tpm/tpm_serve.h"
#include "node/tpm/tpm_wire.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, ARGS = 5 };

int main(int argc, char **argv)
{
    if (argc != ARGS || strcmp(argv[1], "--device") != 0 || strcmp(argv[3], "--for") != 0 ||
        (strcmp(argv[4], "seal") != 0 && strcmp(argv[4], "evidence") != 0)) {
        (void)fprintf(stderr, "usage: passmesh-tpm --device PATH --for seal|evidence\n"
                              "Started by passmesh-keyd or passmesh-server, with a socket as "
                              "descriptor 3.\n");
        return EXIT_USAGE;
    }
    const struct tpm_serve_cfg cfg = {
        .device = argv[2],
        .uses = strcmp(argv[4], "seal") == 0 ? TPM_FOR_SEAL : TPM_FOR_EVIDENCE,
        .fd = PROCESS_CHILD_FD,
    };
    /* The sandbox has taken away what handlers at exit might want. */
    _exit(tpm_serve(&cfg) == OK ? EXIT_GOOD : EXIT_FAILED);
}
