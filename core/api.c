/* One call of the client API: a question to a service, its words taken apart. */
#include "core/api.h"

#include <stdio.h>
#include <string.h>

#include "core/attr.h"

#define PATH_ROOM 1024

/* The error codes of the protocol, and our service's one (APIKeyLimitExceeded).
 * A log gets what stands here; another text would be the service's own. */
static const char *const codes[] = {
    "APIKeyAlreadyExists",
    "APIKeyLimitExceeded",
    "APIKeyNotFound",
    "AWSError",
    "AccountNameInUse",
    "ArgumentsNotAllowed",
    "AuthError",
    "AuthProviderAlreadyExists",
    "AuthProviderDuplicateName",
    "AuthProviderNotFound",
    "BadRequest",
    "DomainNotAllowed",
    "ExecutionTimeLimitExceeded",
    "FunctionAlreadyExists",
    "FunctionDuplicateName",
    "FunctionExecutionError",
    "FunctionInvalid",
    "FunctionNotFound",
    "FunctionSyntaxError",
    "GCMError",
    "HTTPError",
    "IncomingWebhookAlreadyExists",
    "IncomingWebhookAuthFailed",
    "IncomingWebhookDuplicateName",
    "IncomingWebhookNotFound",
    "InternalServerError",
    "InvalidParameter",
    "InvalidPassword",
    "InvalidSession",
    "MaintenanceInProgress",
    "MissingAuthReq",
    "MissingParameter",
    "MongoDBError",
    "NoMatchingRuleFound",
    "NotCallable",
    "ReadSizeLimitExceeded",
    "RestrictedHost",
    "RuleAlreadyExists",
    "RuleDuplicateName",
    "RuleNotFound",
    "SchemaValidationFailedWrite",
    "ServiceAlreadyExists",
    "ServiceCommandNotFound",
    "ServiceNotFound",
    "ServiceTypeNotFound",
    "TwilioError",
    "UserAlreadyConfirmed",
    "UserAppDomainMismatch",
    "UserDisabled",
    "UserNotFound",
    "UserpassTokenInvalid",
    "ValueAlreadyExists",
    "ValueDuplicateName",
    "ValueNotFound",
};

static const char *
find_code(const char *text)
{
    for (size_t i = 0; i < UK_COUNT(codes); i++) {
        if (strcmp(text, codes[i]) == 0)
            return codes[i];
    }
    return "another code";
}

/* Of {"error": "...", "error_code": "..."}, both of them optional. */
static void
take_refusal(struct uk_refusal *refusal, const struct uk_json *document)
{
    const char *text;

    if (uk_json_text(document, "error_code", &text))
        refusal->code = find_code(text);
}

enum uk_code
uk_api_take(struct uk_service *service, const struct uk_https_reply *reply,
            struct uk_json **out, struct uk_err *err)
{
    struct uk_json *document = NULL;
    enum uk_code code = UK_OK;

    service->refusal = (struct uk_refusal){.status = 0};
    service->refusal.status = reply->status;
    service->refusal.retry_after_s = reply->retry_after_s;
    service->refusal.date = reply->date;
    memcpy(service->refusal.request_id, reply->request_id,
           sizeof(service->refusal.request_id));
    if (reply->body.len > 0)
        code =
            uk_json_parse(reply->body.bytes, reply->body.len, &document, err);
    if (code != UK_OK)
        return uk_err_in(err, "reading the service's answer (status %d)",
                         reply->status);
    if (uk_api_succeeded(service) &&
        (uk_json_has(document, "error") || uk_json_has(document, "error_code")))
        code = uk_err_set(err, UK_BAD_ANSWER,
                          "the service's answer says yes (status %d) and no "
                          "(an error) at once",
                          reply->status);
    if (!uk_api_succeeded(service))
        take_refusal(&service->refusal, document);
    if (code != UK_OK || !uk_api_succeeded(service)) {
        uk_json_free(document);
        document = NULL;
    }
    if (code == UK_OK)
        *out = document;
    return code;
}

enum uk_code
uk_api_call(struct uk_service *service, const struct uk_api_ask *ask,
            struct uk_json **out, struct uk_err *err)
{
    char path[PATH_ROOM];
    struct uk_https_ask question = {
        .method = ask->method,
        .path = path,
        .bearer = ask->bearer,
        .body = ask->body,
    };
    struct uk_https_reply reply = {.status = 0};
    enum uk_code code;

    service->refusal = (struct uk_refusal){.status = 0};
    if (snprintf(path, sizeof(path), "%s%s",
                 ask->base != NULL ? ask->base : UK_API_CLIENT,
                 ask->path) >= (int)sizeof(path))
        return uk_err_set(err, UK_INVALID, "an address over %zu bytes long",
                          sizeof(path) - 1);
    code =
        uk_https_exchange(service->https, &question, service->by, &reply, err);
    if (code == UK_OK)
        code = uk_api_take(service, &reply, out, err);
    uk_https_reply_clear(&reply);
    return code;
}

/* Those that the protocol has, and no others: 206 is a part of an answer. */
bool
uk_api_succeeded(const struct uk_service *service)
{
    int status = service->refusal.status;

    return status == 200 || status == 201 || status == 204;
}

bool
uk_api_refused(const struct uk_service *service, const char *code)
{
    return service->refusal.code != NULL &&
           strcmp(service->refusal.code, code) == 0;
}

bool
uk_api_is_off(const struct uk_service *service)
{
    return service->refusal.status == 404 &&
           uk_api_refused(service, "AuthProviderNotFound");
}

enum uk_code
uk_api_odd(const struct uk_service *service, struct uk_err *err)
{
    static const struct {
        int least, most;
        const char *hint;
    } hints[] = {
        {300, 399,
         ": redirects are not followed; set 'service_url' to where "
         "this one leads"},
        {404, 404, ": is this the service, and 'app_id' one of its apps?"},
        {429, 429, ": too many calls, try again later"},
        {500, 599, ": the service has a problem; its log says which"},
    };
    const struct uk_refusal *refusal = &service->refusal;
    const char *hint = "";

    for (size_t i = 0; i < UK_COUNT(hints); i++) {
        if (refusal->status >= hints[i].least &&
            refusal->status <= hints[i].most)
            hint = hints[i].hint;
    }
    if (uk_api_is_off(service))
        hint = ": " UK_API_OFF("NAME") " ('userkey-server provider list' has "
                                       "the names)";
    return uk_err_set(err, UK_BAD_ANSWER,
                      "the service answered with status %d%s%s%s%s",
                      refusal->status, refusal->code != NULL ? " (" : "",
                      refusal->code != NULL ? refusal->code : "",
                      refusal->code != NULL ? ")" : "", hint);
}

enum uk_code
uk_api_check_text(const struct uk_secret *secret, const char *what,
                  struct uk_err *err)
{
    const char *text = uk_secret_peek(secret);

    if (strlen(text) != secret->len || !uk_json_is_text(text))
        return uk_err_set(err, UK_INVALID, "the %s is not UTF-8 text", what);
    return UK_OK;
}
