/* One question over HTTPS and its answer, as values. */
#include "core/httpsask.h"

void
uk_https_reply_clear(struct uk_https_reply *reply)
{
    uk_buf_clear(&reply->body);
    *reply = (struct uk_https_reply){.status = 0};
}
