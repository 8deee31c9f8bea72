/* `userkey-server app`: sets of users, each with an id of its own. */
#include <inttypes.h>
#include <stdio.h>

#include "service/command/commands.h"
#include "service/command/terminal.h"
#include "service/command/where.h"
#include "service/store/app.h"

enum uk_code
uk_command_app_add(const struct uk_args *args, struct uk_err *err)
{
    struct uk_store *store = NULL;
    struct uk_store_app app;
    enum uk_code code;

    code = uk_app_check(args->word, err);
    if (code == UK_OK)
        code = uk_where_open(args, &store, err);
    if (code == UK_OK)
        code = store->ops->begin(store, err);
    if (code == UK_OK)
        code = uk_app_add(store, args->word, &app, err);
    if (code == UK_OK)
        code = store->ops->commit(store, err);
    uk_store_close(store);
    if (code == UK_OK) {
        uk_terminal_next("'userkey-server user add EMAIL --app %s' makes the "
                         "first user; the app's id:",
                         app.client_id);
        printf("%s\n", app.client_id);
    }
    return code;
}

struct listing {
    struct uk_store *store;
    struct uk_err *err;
    enum uk_code code; /* of the first that could not be counted */
};

static void
print_app(void *context, const struct uk_store_app *app, const char *name)
{
    struct listing *listing = context;
    uint64_t users;

    if (listing->code == UK_OK)
        listing->code = uk_store_call(listing->store, count_users, app->id,
                                      &users, listing->err);
    if (listing->code == UK_OK)
        printf("%-24s  %-16s  %" PRIu64 "\n", app->client_id, name, users);
}

enum uk_code
uk_command_app_list(const struct uk_args *args, struct uk_err *err)
{
    struct listing listing = {.err = err};
    enum uk_code code;

    code = uk_where_open(args, &listing.store, err);
    if (code == UK_OK)
        code = uk_store_call(listing.store, list_apps, "", print_app, &listing,
                             err);
    uk_store_close(listing.store);
    return code == UK_OK ? listing.code : code;
}
