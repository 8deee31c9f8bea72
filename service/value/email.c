/* Addresses that may stand for a user. */
#include "service/value/email.h"

#include <string.h>

#include "core/url.h"

#define LOCAL_MAX 64 /* RFC 5321, section 4.5.3.1.1 */

bool
uk_email_check(const char *text)
{
    const char *at = strchr(text, '@');
    size_t local;

    if (!uk_identity_is_email(text) || at == NULL || !uk_url_is_domain(at + 1))
        return false;
    /* RFC 5322, section 3.2.3: dot-atom. */
    local = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789!#$%&'*+-/=?^_`{|}~.");
    return text + local == at && local <= LOCAL_MAX && text[0] != '.' &&
           at[-1] != '.' && strstr(text, "..") == NULL;
}

void
uk_email_fold(const char *text, char out[UK_EMAIL_MAX + 1])
{
    size_t i;

    for (i = 0; i < UK_EMAIL_MAX && text[i] != '\0'; i++)
        out[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a'
                                                         : text[i]);
    out[i] = '\0';
}
