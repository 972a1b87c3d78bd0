#ifndef PLUGIN_AGREEMENT_H
#define PLUGIN_AGREEMENT_H

#include "plugin/package.h"

/* Whether several repositories vouch for the same thing, so that no single one, however its keys were lost, gets a program onto this machine. The idea is TUF's TAP 4, kept to what
 * is needed here: repositories that each stand for themselves, and a number of them that has to agree. */

/* agreement_has: does m, of another repository, vouch for this very package? Its entry has the same target name, name, version, platform and interface; its files have the same names, and each the same
 * length, SHA-256, mode and chunk hashes. Notes, needs and the least client are advice: those of the package that was chosen count. O(files of both). */
bool agreement_has(const struct tuf_metadata *m,
                   const struct package *package,
                   const struct package_file *files,
                   size_t files_count);

/* agreement_shares_key: do two roots (the objects under "signed") have a public key in common, however it is written, whatever its id and role? Also true if a has more than 64: that is not
 * looked through. */
bool agreement_shares_key(struct json a, struct json b);

#endif
