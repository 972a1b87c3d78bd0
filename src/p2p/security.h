#ifndef P2P_SECURITY_H
#define P2P_SECURITY_H

/* The secure channels that a connection over a byte stream may have. */
enum security { SECURITY_NOISE, SECURITY_TLS };
enum { SECURITY_COUNT = 2 };

#endif
