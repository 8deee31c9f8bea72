/* One local account, as the name service knows it. */
#include "core/account.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "core/secret.h"
#include "core/str.h"

#define FIRST_ROOM 1024    /* what is wiped costs the host memory */
#define MOST_ROOM  1048576 /* of one entry; beyond that it is an attack */
#define MOST_TRIES 16      /* against a host that a timer interrupts */

/* One question to the name service, with so much room for its answer. */
static int
ask(const char *name, size_t room, struct uk_account *out, bool *found)
{
    struct passwd entry;
    struct passwd *result = NULL;
    char *buffer = malloc(room);
    int errnum;

    if (buffer == NULL)
        return ENOMEM;
    errnum = getpwnam_r(name, &entry, buffer, room, &result);
    *found = errnum == 0 && result != NULL && strcmp(entry.pw_name, name) == 0;
    if (*found) {
        memcpy(out->name, name, strlen(name) + 1);
        out->uid = entry.pw_uid;
        out->gid = entry.pw_gid;
    }
    uk_wipe(buffer, room); /* a name service may put a hash into it */
    free(buffer);
    return errnum;
}

enum uk_code
uk_account_find(const char *name, struct uk_account *out, bool *found,
                struct uk_err *err)
{
    size_t room = FIRST_ROOM;
    int errnum = EINTR;
    bool there = false;

    if (!uk_str_is_user_name(name)) {
        *found = false;
        return UK_OK;
    }
    for (int i = 0; i < MOST_TRIES; i++) {
        errnum = ask(name, room, out, &there);
        if (errnum == ERANGE && room < MOST_ROOM)
            room *= 2;
        else if (errnum != EINTR)
            break;
    }
    if (errnum != 0)
        return uk_err_sys(err, errnum, "looking up the account '%s'", name);
    *found = there;
    return UK_OK;
}
