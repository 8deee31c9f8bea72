/* Copies of everything: from one database into another, which was empty. */
#include "service/store/copy.h"

#include "service/store/store.h"

#define LOOK_EVERY 4096 /* rows */

const struct uk_copy_table uk_copy_tables[UK_COPY_TABLES] = {
    {"app",
     8,
     {{"id", UK_COPY_TEXT, UK_COPY_ID},
      {"client_id", UK_COPY_TEXT, UK_COPY_APP_NAME},
      {"name", UK_COPY_TEXT, UK_COPY_APP_NAME},
      {"created", UK_COPY_NUMBER, UK_COPY_TIME_US},
      {"providers_off", UK_COPY_NUMBER, UK_COPY_PROVIDERS},
      {"refresh_lifetime", UK_COPY_NUMBER, UK_COPY_LIFETIME},
      {"origins", UK_COPY_TEXT, UK_COPY_ORIGINS},
      {"deleted", UK_COPY_FLAG, UK_COPY_YES_NO}}},
    {"app_user",
     8,
     {{"id", UK_COPY_TEXT, UK_COPY_ID},
      {"app_id", UK_COPY_TEXT, UK_COPY_ID},
      {"disabled", UK_COPY_FLAG, UK_COPY_YES_NO},
      {"epoch", UK_COPY_NUMBER, UK_COPY_EPOCH},
      {"created", UK_COPY_NUMBER, UK_COPY_TIME_US},
      {"server", UK_COPY_FLAG, UK_COPY_YES_NO},
      {"pending", UK_COPY_FLAG, UK_COPY_YES_NO},
      {"last_login", UK_COPY_NUMBER, UK_COPY_TIME_US}}},
    {"identity",
     9,
     {{"id", UK_COPY_TEXT, UK_COPY_ID},
      {"app_id", UK_COPY_TEXT, UK_COPY_ID},
      {"user_id", UK_COPY_TEXT, UK_COPY_ID},
      {"provider", UK_COPY_TEXT, UK_COPY_PROVIDER},
      {"subject", UK_COPY_TEXT, UK_COPY_SUBJECT},
      {"address", UK_COPY_TEXT, UK_COPY_ADDRESS},
      {"secret", UK_COPY_TEXT, UK_COPY_SECRET},
      {"confirmed", UK_COPY_FLAG, UK_COPY_YES_NO},
      {"created", UK_COPY_NUMBER, UK_COPY_TIME_US}}},
    {"api_key",
     11,
     {{"hash", UK_COPY_BYTES, UK_COPY_HASH},
      {"id", UK_COPY_TEXT, UK_COPY_ID},
      {"app_id", UK_COPY_TEXT, UK_COPY_ID},
      {"user_id", UK_COPY_TEXT, UK_COPY_ID},
      {"name", UK_COPY_TEXT, UK_COPY_KEY_NAME},
      {"disabled", UK_COPY_FLAG, UK_COPY_YES_NO},
      {"created", UK_COPY_NUMBER, UK_COPY_TIME_US},
      {"epoch", UK_COPY_NUMBER, UK_COPY_EPOCH},
      {"expires", UK_COPY_NUMBER, UK_COPY_TIME_US},
      {"last_used", UK_COPY_NUMBER, UK_COPY_TIME_US},
      {"disabled_at", UK_COPY_NUMBER, UK_COPY_TIME_US}}},
    {"deleted_key",
     5,
     {{"hash", UK_COPY_BYTES, UK_COPY_HASH},
      {"id", UK_COPY_TEXT, UK_COPY_ID},
      {"user_id", UK_COPY_TEXT, UK_COPY_ID},
      {"app_id", UK_COPY_TEXT, UK_COPY_ID},
      {"deleted", UK_COPY_NUMBER, UK_COPY_TIME_US}}},
    {"revoked_session",
     2,
     {{"id", UK_COPY_TEXT, UK_COPY_ID},
      {"expires", UK_COPY_NUMBER, UK_COPY_TIME_S}}},
    {"admin_key",
     4,
     {{"id", UK_COPY_TEXT, UK_COPY_ID},
      {"name", UK_COPY_TEXT, UK_COPY_ADMIN_NAME},
      {"hash", UK_COPY_BYTES, UK_COPY_HASH},
      {"created", UK_COPY_NUMBER, UK_COPY_TIME_US}}},
    {"handout",
     5,
     {{"id", UK_COPY_TEXT, UK_COPY_ID},
      {"hash", UK_COPY_BYTES, UK_COPY_HASH},
      {"user_id", UK_COPY_TEXT, UK_COPY_ID},
      {"purpose", UK_COPY_TEXT, UK_COPY_PURPOSE},
      {"expires", UK_COPY_NUMBER, UK_COPY_TIME_S}}},
};

void
uk_copy_names(struct uk_buf *sql, const struct uk_copy_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        uk_buf_addf(sql, "%s%s", i > 0 ? ", " : "", table->column[i].name);
}

enum uk_code
uk_copy_source_open(const char *where, enum uk_copy_use use,
                    struct uk_copy_source **out, struct uk_err *err)
{
    const char *path = uk_store_path(where);

    return path != NULL ? uk_sqlite_source_open(path, use, out, err)
                        : uk_pg_source_open(where, out, err);
}

enum uk_code
uk_copy_target_open(const char *where, struct uk_copy_target **out,
                    struct uk_err *err)
{
    const char *path = uk_store_path(where);

    return path != NULL ? uk_sqlite_target_open(path, out, err)
                        : uk_pg_target_open(where, out, err);
}

void
uk_copy_source_close(struct uk_copy_source *source)
{
    if (source != NULL)
        source->ops->close(source);
}

void
uk_copy_target_close(struct uk_copy_target *target)
{
    if (target != NULL)
        target->ops->close(target);
}

/* One table on its way. */
struct passage {
    struct uk_copy_target *target;
    const struct uk_copy_table *table;
    uk_copy_watch *watch;
    void *context;
    uint64_t rows;
    struct uk_err why; /* it was stopped */
};

static bool
stops(void *context)
{
    struct passage *passage = context;

    return passage->watch(passage->context, passage->table->name, passage->rows,
                          &passage->why) != UK_OK;
}

static enum uk_code
pass_on(void *context, const struct uk_copy_value values[UK_COPY_COLUMNS],
        struct uk_err *err)
{
    struct passage *passage = context;
    enum uk_code code = uk_copy_check(passage->table, values, err);

    if (code == UK_OK)
        code = passage->target->ops->put(passage->target, values, err);
    if (code == UK_OK && ++passage->rows % LOOK_EVERY == 0)
        code = passage->watch(passage->context, passage->table->name,
                              passage->rows, err);
    return code;
}

static enum uk_code
copy_table(struct uk_copy_source *source, const struct uk_copy_table *table,
           struct passage *passage, struct uk_err *err)
{
    struct uk_copy_target *target = passage->target;
    uint64_t there = 0;
    enum uk_code code;

    passage->table = table;
    passage->rows = 0;
    code = passage->watch(passage->context, table->name, 0, err);
    if (code == UK_OK)
        code = target->ops->begin(target, table, err);
    if (code == UK_OK)
        code = source->ops->read(source, table, pass_on, passage, err);
    if (passage->why.code != UK_OK) {
        *err = passage->why;
        code = err->code;
    }
    if (code == UK_OK)
        code = target->ops->end(target, &there, err);
    if (code == UK_OK && there != passage->rows)
        code = uk_err_set(
            err, UK_SYSTEM, "%llu rows were read and %llu are there",
            (unsigned long long)passage->rows, (unsigned long long)there);
    return code == UK_OK ? UK_OK
                         : uk_err_in(err, "copying table '%s'", table->name);
}

enum uk_code
uk_copy_run(struct uk_copy_source *source, struct uk_copy_target *target,
            uk_copy_watch *watch, void *context, uint64_t rows[UK_COPY_TABLES],
            struct uk_err *err)
{
    struct passage passage = {
        .target = target, .watch = watch, .context = context};
    enum uk_code code = UK_OK;

    source->stops = stops;
    source->context = &passage;
    for (size_t i = 0; i < UK_COPY_TABLES && code == UK_OK; i++) {
        code = copy_table(source, &uk_copy_tables[i], &passage, err);
        rows[i] = passage.rows;
    }
    source->stops = NULL;
    return code;
}

enum uk_code
uk_copy_finish(struct uk_copy_target *target, uk_copy_watch *watch,
               void *context, struct uk_err *err)
{
    enum uk_code code = watch(context, NULL, 0, err);

    return code == UK_OK ? target->ops->finish(target, err) : code;
}
