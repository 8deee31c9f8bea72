/* The auth service: is it there, is it the right one, does it have the time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/api.h"
#include "core/https.h"
#include "tool/doctor/doctor.h"
#include "tool/terminal/language.h"

#define SKEW_NOTE  30  /* seconds of difference worth to be said */
#define SKEW_WRONG 300 /* with which certificates and tokens go wrong */

/* What is wrong, by what a login would call it. */
static void
say_why(struct uk_finding *finding, const struct uk_err *err, const char *url)
{
    char name[UK_DOCTOR_QUOTED];

    switch (err->code) {
    case UK_TLS:
        uk_doctor_why(finding, _("no key is sent to who cannot prove to be the "
                                 "service, so no key logs in"));
        uk_doctor_mend(finding, _("check 'ca_file', 'pinned_public_key', this "
                                  "machine's clock, and the service's "
                                  "certificate: openssl s_client -connect "
                                  "HOST:PORT -CAfile FILE"));
        break;
    case UK_TIMEOUT:
        uk_doctor_why(finding, _("each login waits for 'timeout' and is then "
                                 "refused"));
        if (err->stage == UK_STAGE_RESOLVE)
            uk_doctor_mend(finding, _("check the name servers: getent hosts, "
                                      "/etc/resolv.conf"));
        else
            uk_doctor_mend(finding,
                           _("check the way there: a firewall, 'proxy', "
                             "or a service that hangs"));
        break;
    case UK_UNREACHABLE:
        uk_doctor_why(finding, _("until it answers, no key logs in"));
        uk_doctor_mend(finding,
                       _("on the service's machine: systemctl status "
                         "userkey-server; here: curl -v %s"),
                       uk_doctor_quote(url, name));
        break;
    case UK_BAD_ANSWER:
        uk_doctor_why(finding, _("what answers there is not the service"));
        uk_doctor_mend(finding, _("check 'service_url' and 'proxy'"));
        break;
    case UK_MISCONFIGURED:
        uk_doctor_why(finding, _("until that is put right no key logs in"));
        break;
    case UK_OK:
    case UK_NO_MEMORY:
    case UK_SYSTEM:
    case UK_INVALID:
    case UK_CANCELLED:
        break;
    }
}

static void
check_clock(struct uk_doctor *doctor, const char *url, int64_t date)
{
    int64_t skew = date - (int64_t)time(NULL);
    int64_t size = skew < 0 ? -skew : skew;
    struct uk_finding *finding;

    if (date == 0) {
        uk_doctor_say(doctor, UK_GRADE_NOTE,
                      _("'%s' does not say what time it is there"), url);
        return;
    }
    if (size < SKEW_NOTE) {
        uk_doctor_say(doctor, UK_GRADE_OK,
                      _("this machine's clock and that of '%s' agree"), url);
        return;
    }
    finding = uk_doctor_say(
        doctor, size < SKEW_WRONG ? UK_GRADE_NOTE : UK_GRADE_ERROR,
        _("this machine's clock is %lld s %s that of '%s'"), (long long)size,
        skew > 0 ? _("behind") : _("before"), url);
    uk_doctor_why(finding, _("certificates and sessions begin and end by the "
                             "clock"));
    uk_doctor_mend(finding,
                   _("timedatectl set-ntp true, on whichever of the two "
                     "is wrong"));
}

/* What the place of the app says about the app. */
static void
check_app(struct uk_doctor *doctor, const char *url,
          const struct uk_https_reply *reply)
{
    const char *app = doctor->settings.app_id;
    struct uk_json *document = NULL;
    struct uk_err err = UK_ERR_NONE;
    struct uk_finding *finding;
    bool ours = false;

    if (reply->status == 404) {
        finding = uk_doctor_say(doctor, UK_GRADE_ERROR,
                                _("'%s' has no app '%s' ('app_id')"), url, app);
        uk_doctor_why(finding, _("every login with a key ends as 'bad-answer', "
                                 "status 404"));
        uk_doctor_mend(finding,
                       _("there: userkey-server app list; then put the "
                         "id into '%s'"),
                       doctor->conf);
        return;
    }
    if (reply->status == 200 &&
        uk_json_parse(uk_buf_peek(&reply->body), reply->body.len, &document,
                      &err) == UK_OK)
        ours = uk_json_has(document, "hostname");
    uk_json_free(document);
    if (ours) {
        uk_doctor_say(doctor, UK_GRADE_OK, _("'%s' answers, and has app '%s'"),
                      url, app);
        return;
    }
    finding = uk_doctor_say(doctor, UK_GRADE_ERROR,
                            _("'%s' answers with status %d where the place of "
                              "the app was asked for"),
                            url, reply->status);
    uk_doctor_why(finding, _("that is not the service, or one that is in "
                             "trouble"));
    uk_doctor_mend(finding, _("check 'service_url'; its log has request '%s'"),
                   reply->request_id);
}

static enum uk_code
ask(const struct uk_settings *settings, struct uk_https_reply *reply,
    struct uk_err *err)
{
    struct uk_https_ask question = {.method = "GET"};
    struct uk_https *https = NULL;
    char path[UK_CONF_VALUE + 64];
    enum uk_code code;

    snprintf(path, sizeof(path), UK_API_CLIENT "/app/%s/location",
             settings->app_id);
    question.path = path;
    code = uk_https_start(err);
    if (code == UK_OK)
        code = uk_https_new(settings, &https, err);
    if (code == UK_OK)
        code = uk_https_exchange(https, &question,
                                 uk_deadline_in((unsigned)settings->timeout),
                                 reply, err);
    uk_https_free(https);
    return code;
}

/* One server alone, so that the others do not stand in for it. */
static void
check_server(struct uk_doctor *doctor, struct uk_settings *settings, size_t i)
{
    const char *url = doctor->settings.service_url.item[i];
    struct uk_https_reply reply = {.status = 0};
    struct uk_err err = UK_ERR_NONE;
    struct uk_finding *finding;

    *settings = doctor->settings;
    memcpy(settings->service_url.item[0], url, UK_CONF_VALUE);
    settings->service_url.count = 1;
    if (ask(settings, &reply, &err) == UK_OK) {
        check_app(doctor, url, &reply);
        check_clock(doctor, url, reply.date);
        uk_https_reply_clear(&reply);
        return;
    }
    finding = uk_doctor_say(
        doctor,
        doctor->settings.service_url.count > 1 ? UK_GRADE_WARNING
                                               : UK_GRADE_ERROR,
        "'%s': %s%s%s: %s", url, uk_code_word(err.code),
        err.code == UK_TIMEOUT ? ":" : "",
        err.code == UK_TIMEOUT ? uk_stage_word(err.stage) : "", err.text);
    say_why(finding, &err, url);
    if (finding->mend[0] == '\0')
        uk_doctor_mend(finding, _("check what the sentence names, in '%s'"),
                       doctor->conf);
}

void
uk_doctor_service(struct uk_doctor *doctor)
{
    struct uk_settings *settings;

    if (!doctor->has_settings)
        return;
    if (!uk_doctor_is_live(doctor)) {
        uk_doctor_unseen(doctor, _("whether the service can be reached"));
        return;
    }
    settings = malloc(sizeof(*settings));
    if (settings == NULL) {
        doctor->no_memory = true;
        return;
    }
    for (size_t i = 0; i < doctor->settings.service_url.count; i++)
        check_server(doctor, settings, i);
    free(settings);
}
