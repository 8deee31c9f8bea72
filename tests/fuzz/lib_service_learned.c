/* What a script can name because a reply has had it. */
#include "tests/fuzz/lib_service_learned.h"

#include <stdio.h>
#include <string.h>

#include "service/value/token.h"

static struct {
    char letter;
    const char *name;
    char text[UK_TOKEN_MAX];
} learned[] = {
    {'B', "\"access_token\":\"", ""}, {'C', "\"refresh_token\":\"", ""},
    {'T', "\"token\":\"", ""},        {'J', "\"tokenId\":\"", ""},
    {'V', "\"key\":\"", ""},          {'D', "\"_id\":\"", ""},
};

void
learned_take(const char *reply)
{
    for (size_t i = 0; i < sizeof(learned) / sizeof(learned[0]); i++) {
        const char *at = reply == NULL ? NULL : strstr(reply, learned[i].name);
        size_t len;

        if (reply == NULL)
            learned[i].text[0] = '\0';
        if (at == NULL)
            continue;
        at += strlen(learned[i].name);
        len = strcspn(at, "\"\\");
        if (at[len] == '"' && len < sizeof(learned[i].text))
            snprintf(learned[i].text, sizeof(learned[i].text), "%.*s", (int)len,
                     at);
    }
}

const char *
learned_name(char letter)
{
    for (size_t i = 0; i < sizeof(learned) / sizeof(learned[0]); i++) {
        if (learned[i].letter == letter)
            return learned[i].text;
    }
    return NULL;
}
