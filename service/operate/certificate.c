/* The certificate that the settings name. */
#include "service/operate/certificate.h"

#include "service/value/id.h"

enum uk_code
uk_certificate_load(const struct uk_config *config, const struct uk_log *log,
                    struct uk_tls_dates *dates, struct uk_err *err)
{
    int64_t now = uk_id_now_us() / 1000000;
    enum uk_code code;
    bool key = false;

    if (config->tls_certificate[0] == '\0')
        return UK_OK;
    code =
        uk_tls_load(config->tls_certificate, config->tls_key, dates, &key, err);
    if (code != UK_OK)
        return uk_config_blame(config, key ? "tls_key" : "tls_certificate",
                               err);
    if (now < dates->from || now >= dates->until)
        uk_log_line(log, UK_LEVEL_WARNING,
                    "the certificate '%s' %s: clients will refuse it",
                    config->tls_certificate,
                    now < dates->from ? "is not valid yet" : "has expired");
    return UK_OK;
}
