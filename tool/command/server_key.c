/* userkey server-key: the commands about keys, for those of servers. */
#include <stdint.h>
#include <string.h>

#include "core/str.h"
#include "tool/command/commands.h"
#include "tool/terminal/language.h"
#include "tool/terminal/out.h"

static const struct {
    const char *name;
    size_t least, most; /* words behind it */
    enum uk_exit (*run)(struct uk_tool *tool);
} verbs[] = {
    {"create", 1, 1, uk_cmd_create},
    {"list", 0, 0, uk_cmd_list},
    {"show", 1, 1, uk_cmd_show},
    {"enable", 1, SIZE_MAX, uk_cmd_enable},
    {"disable", 1, SIZE_MAX, uk_cmd_disable},
    {"expire", 1, SIZE_MAX, uk_cmd_expire},
    {"delete", 1, SIZE_MAX, uk_cmd_delete},
};

enum uk_exit
uk_cmd_server_key(struct uk_tool *tool)
{
    struct uk_args *args = &tool->args;
    const char *name = args->word[0];
    size_t words = args->n_words - 1;
    char shown[UK_PRINTABLE_SIZE];

    for (size_t i = 0; i < UK_COUNT(verbs); i++) {
        if (strcmp(name, verbs[i].name) != 0 || words < verbs[i].least ||
            words > verbs[i].most)
            continue;
        args->server_keys = true;
        args->word++;
        args->n_words--;
        return verbs[i].run(tool);
    }
    uk_out_error(
        _("server-key: '%s' with these words is not one of create NAME, "
          "list, show KEY, enable KEY..., disable KEY..., "
          "expire KEY..., delete KEY..."),
        uk_str_printable(shown, name, strlen(name)));
    return UK_EXIT_USAGE;
}
