/* What a client says about itself when it logs in. */
#include "core/clientinfo.h"

#include <string.h>
#include <sys/utsname.h>

#include "core/version.h"

#define BRIEF "brief"

void
uk_clientinfo_put(struct uk_json_out *out, const char *app_id,
                  struct uk_clientinfo wish)
{
    struct utsname host;
    bool known = uname(&host) == 0;

    uk_json_begin(out, "options", '{');
    uk_json_begin(out, "device", '{');
    uk_json_put_text(out, "appId", app_id);
    uk_json_put_text(out, "platform", "Linux");
    uk_json_put_text(out, "platformVersion", known ? host.release : "");
    uk_json_put_text(out, "sdk", "userkey");
    uk_json_put_text(out, "sdkVersion", UK_VERSION);
    uk_json_put_text(out, "cpuArch", known ? host.machine : "");
    uk_json_end(out, '}');
    if (wish.brief || wish.emails) {
        uk_json_begin(out, "userkey", '{');
        if (wish.brief)
            uk_json_put_text(out, "session", BRIEF);
        if (wish.emails)
            uk_json_put_bool(out, "emails", true);
        uk_json_end(out, '}');
    }
    uk_json_end(out, '}');
}

bool
uk_clientinfo_is_brief(const struct uk_json *document)
{
    const struct uk_json *ours;
    const char *session;

    return uk_json_object(document, "userkey", &ours) &&
           uk_json_text(ours, "session", &session) &&
           strcmp(session, BRIEF) == 0;
}
