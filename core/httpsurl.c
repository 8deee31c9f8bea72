/* URLs that libcurl need not parse again. */
#include "core/httpsurl.h"

#include <stdlib.h>
#include <string.h>

/* Beside CURLOPT_PATH_AS_IS, which is for a text. */
static CURLU *
parse(const char *text)
{
    CURLU *parsed = curl_url();

    if (parsed != NULL && curl_url_set(parsed, CURLUPART_URL, text,
                                       CURLU_PATH_AS_IS) != CURLUE_OK) {
        curl_url_cleanup(parsed);
        return NULL;
    }
    return parsed;
}

CURLU *
uk_httpsurl_find(struct uk_httpsurls *urls, const char *text)
{
    CURLU *parsed;
    char *copy;

    for (size_t i = 0; i < urls->count; i++) {
        if (strcmp(urls->kept[i].text, text) == 0)
            return urls->kept[i].parsed;
    }
    if (urls->count == UK_HTTPSURL_MOST)
        return NULL;
    parsed = parse(text);
    copy = strdup(text);
    if (parsed == NULL || copy == NULL) {
        curl_url_cleanup(parsed);
        free(copy);
        return NULL;
    }
    urls->kept[urls->count].text = copy;
    urls->kept[urls->count].parsed = parsed;
    urls->count++;
    return parsed;
}

void
uk_httpsurl_clear(struct uk_httpsurls *urls)
{
    while (urls->count > 0) {
        urls->count--;
        curl_url_cleanup(urls->kept[urls->count].parsed);
        free(urls->kept[urls->count].text);
    }
}
