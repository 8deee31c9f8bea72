/*
 * Which service, and how it is trusted: chosen once, kept with the session.
 */
#ifndef UK_TOOL_TALK_PLACE_H
#define UK_TOOL_TALK_PLACE_H

#include "core/attr.h"
#include "core/err.h"
#include "core/json.h"
#include "core/settings.h"
#include "tool/terminal/args.h"

/*
 * For a login: --url, --app and --ca-file, and what is not given from
 * conf_file.  With --url its pin and client certificate do not count either:
 * they belong to the service that the file names.  A file that is not there is
 * an error only where something is missing.
 */
UK_MUST_USE enum uk_code uk_place_choose(const struct uk_args *args,
                                         const char *conf_file,
                                         struct uk_settings *out,
                                         struct uk_err *err);

/* Set one of them by its name in userkey.conf, and check it as there; from is
 * for the sentence. */
UK_MUST_USE enum uk_code uk_place_set(struct uk_settings *place,
                                      const char *name, const char *value,
                                      const char *from, struct uk_err *err);

/* Append the members that a session file keeps of it. */
void uk_place_put(struct uk_json_out *out, const struct uk_settings *place);

/* Read them back and check them as settings are checked; file is for the
 * sentence.  UK_MISCONFIGURED for what cannot be. */
UK_MUST_USE enum uk_code uk_place_take(const struct uk_json *document,
                                       const char *file,
                                       struct uk_settings *out,
                                       struct uk_err *err);

#endif
