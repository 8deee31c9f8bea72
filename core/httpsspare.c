/* libcurl's handles between two exchanges. */
#include "core/httpsspare.h"

#include "core/attr.h"

CURL *
uk_httpsspare_take(struct uk_httpsspare *spare, const char *server)
{
    for (size_t i = spare->count; i-- > 0;) {
        CURL *easy = spare->kept[i].easy;

        if (spare->kept[i].server != server)
            continue;
        spare->kept[i] = spare->kept[--spare->count];
        return easy;
    }
    return NULL;
}

/* What was borrowed for one exchange. */
static CURLcode
let_go(CURL *easy)
{
    static const CURLoption options[] = {
        CURLOPT_POSTFIELDS,  CURLOPT_HTTPHEADER, CURLOPT_SSL_CTX_DATA,
        CURLOPT_PREREQDATA,  CURLOPT_HEADERDATA, CURLOPT_WRITEDATA,
        CURLOPT_ERRORBUFFER, CURLOPT_PRIVATE,
    };
    CURLcode rc = CURLE_OK;

    for (size_t i = 0; rc == CURLE_OK && i < UK_COUNT(options); i++)
        rc = curl_easy_setopt(easy, options[i], NULL);
    return rc;
}

void
uk_httpsspare_give(struct uk_httpsspare *spare, CURL *easy, const char *server)
{
    if (easy == NULL)
        return;
    if (spare == NULL || spare->count == UK_HTTPSSPARE_MOST ||
        let_go(easy) != CURLE_OK) {
        curl_easy_cleanup(easy);
        return;
    }
    spare->kept[spare->count].easy = easy;
    spare->kept[spare->count].server = server;
    spare->count++;
}

void
uk_httpsspare_clear(struct uk_httpsspare *spare)
{
    while (spare->count > 0)
        curl_easy_cleanup(spare->kept[--spare->count].easy);
}
