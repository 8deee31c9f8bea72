/* The command line of userkey-server. */
#include <string.h>

#include "core/str.h"
#include "service/command/args.h"
#include "tests/fuzz/fuzz.h"

#define MOST 16

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = fuzz_text(bytes, len), *save = NULL;
    char name[] = "command";
    char *argv[MOST + 2] = {name};
    struct uk_err err = UK_ERR_NONE;
    struct uk_args args;
    int argc = 1;

    for (char *word = strtok_r(text, "\n", &save); word != NULL && argc <= MOST;
         word = strtok_r(NULL, "\n", &save))
        argv[argc++] = word;
    if (uk_args_parse(argc, argv, len % 512, len % 2 != 0 ? "NAME" : NULL,
                      &args, &err) != UK_OK)
        FUZZ_MUST(err.text[0] != '\0' && uk_str_is_printable(err.text));
    else if (!args.help)
        FUZZ_MUST((args.word != NULL) == (len % 2 != 0));
    free(text);
    return 0;
}
