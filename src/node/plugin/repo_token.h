#ifndef NODE_REPO_TOKEN_H
#define NODE_REPO_TOKEN_H

#include "base/err.h"
#include "plugin/tuf_make.h"

#include <stdbool.h>
#include <stddef.h>

/* A key of a repository's owner in a PKCS #11 token (a smart card, a security key, an HSM), named by a URI of RFC 7512:
 *
 *     pkcs11:token=Anna;object=root
 *     pkcs11:token=Anna;object=root?module-path=/usr/lib/opensc-pkcs11.so
 *
 * ECDSA on P-256. The key never leaves the token; what it signs is verified before it is used. Modules are those that p11-kit knows, or the one of module-path. A PIN does
 * not belong into a URI, which others see in the list of processes: it is read from a descriptor, or asked at the terminal. */
enum { REPO_TOKEN_WORDS_LEN = 160 };

struct repo_token {
    struct tuf_token token; /* first */
    void *module;           /* CK_FUNCTION_LIST of the one that has the key; NULL: closed */
    void **modules;         /* all that were loaded, if it was p11-kit that did */
    unsigned long session;
    unsigned long key;
};

/* repo_token_is_uri: does it begin with "pkcs11:"? */
bool repo_token_is_uri(const char *text);

/* repo_token_open finds the one key that the URI names and logs in, with the next line of pin_fd, or, if that is -1, with what the person types. ERR_MALFORMED: no such URI, or one with a PIN; ERR_NOT_FOUND: no such
 * token or key; ERR_STATE: several; ERR_UNSUPPORTED: no P-256 key; ERR_DENIED: the PIN, or there is none; ERR_IO: the module. words, REPO_TOKEN_WORDS_LEN, says why. repo_token_close is safe after a failed open. */
MUST_CHECK enum err repo_token_open(struct repo_token *t,
                                    const char *uri,
                                    int pin_fd,
                                    char words[static REPO_TOKEN_WORDS_LEN]);
void repo_token_close(struct repo_token *t);

#endif
