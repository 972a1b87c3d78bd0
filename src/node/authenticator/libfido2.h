#ifndef NODE_LIBFIDO2_H
#define NODE_LIBFIDO2_H

/* The one way by which libfido2 is included: it brings OpenSSL's types along, whose ERR_STATE would collide with ours. */
#define ERR_STATE OPENSSL_ERR_STATE_TYPE
#include <fido.h>
#undef ERR_STATE

#endif
