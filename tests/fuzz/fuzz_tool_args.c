/* The command line of the tool: no secret is taken from it. */
#include <string.h>

#include "core/str.h"
#include "tests/fuzz/fuzz.h"
#include "tool/terminal/args.h"

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
    if (uk_args_parse(argc, argv, 0xffffff, &args, &err) != UK_OK)
        FUZZ_MUST(err.text[0] != '\0' && uk_str_is_printable(err.text));
    else
        for (size_t i = 0; i < args.n_words; i++)
            FUZZ_MUST(args.word[i] != NULL);
    free(text);
    return 0;
}
