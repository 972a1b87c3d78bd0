#ifndef NODE_WEB_CERTIFICATE_H
#define NODE_WEB_CERTIFICATE_H

#include "base/budget.h"
#include "base/err.h"
#include "p2p/tls_web.h"

/* The files of a certificate for secure WebSockets: what an operator had from a CA. */
struct web_certificate_files {
    const char
        *chain; /* PEM: the certificate, and behind it those of the CAs between it and the root */
    const char *key; /* PEM, without a passphrase; nobody but its owner and its group may read it */
};

/* web_certificate_load reads the files and puts what is in them in place of what *c was, such as tcp.web_server: connections
 * that are there go on with the old one. ERR_IO: a file cannot be read; ERR_DENIED: others may read the key; ERR_LIMIT: there is no
 * memory, ERR_MALFORMED as tls_web_context_serve; each with *ret_rule, which is static. After an error *c is what it was. */
MUST_CHECK enum err web_certificate_load(struct tls_web_context *c,
                                         const char **ret_rule,
                                         const struct web_certificate_files *files,
                                         struct budget *budget);

#endif
