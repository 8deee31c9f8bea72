/* One user's right to read a file that stays root's. */
#include "pam_module/keptacl.h"

#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdint.h>
#include <sys/xattr.h>

#define ACL_ATTRIBUTE "system.posix_acl_access"
#define NOBODY        ((uid_t)ACL_UNDEFINED_ID) /* an entry that is not of one user */

/* The kernel's form of a list: a version, then entries by rising tag, all of
 * it little-endian. */
struct list {
    struct posix_acl_xattr_header header;
    struct posix_acl_xattr_entry entry[5];
};

static struct posix_acl_xattr_entry
make_entry(unsigned tag, unsigned permissions, uid_t uid)
{
    return (struct posix_acl_xattr_entry){
        .e_tag = htole16((uint16_t)tag),
        .e_perm = htole16((uint16_t)permissions),
        .e_id = htole32(uid),
    };
}

enum uk_code
uk_keptacl_set(int fd, uid_t uid, struct uk_err *err)
{
    const struct list list = {
        .header = {.a_version = htole32(POSIX_ACL_XATTR_VERSION)},
        .entry = {make_entry(ACL_USER_OBJ, ACL_READ | ACL_WRITE, NOBODY),
                  make_entry(ACL_USER, ACL_READ, uid),
                  make_entry(ACL_GROUP_OBJ, 0, NOBODY),
                  make_entry(ACL_MASK, ACL_READ, NOBODY),
                  make_entry(ACL_OTHER, 0, NOBODY)},
    };

    if (fsetxattr(fd, ACL_ATTRIBUTE, &list, sizeof(list), 0) == 0)
        return UK_OK;
    return uk_err_sys(err, errno, "setting an access control list");
}

/* The mask of a list stands where a mode has the rights of the group. */
bool
uk_keptacl_is_set(const struct stat *st)
{
    return (st->st_mode & S_IRGRP) != 0;
}
