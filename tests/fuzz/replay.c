/*
 * Run one fuzz target on every input that is kept for it, and speak TAP.
 *
 * Also on every beginning of a small one, and on each with one byte changed:
 * a thousand inputs more that need no fuzzer, unless the target is slow.
 */
#include <dirent.h>
#include <stdbool.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define SMALL   256 /* bytes of an input that is varied */
#define LONGEST (1 << 20)

static void
vary(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t was = bytes[i];

        LLVMFuzzerTestOneInput(bytes, i);
        bytes[i] = (uint8_t)(was ^ 0x80);
        LLVMFuzzerTestOneInput(bytes, len);
        bytes[i] = (uint8_t)(was + 1);
        LLVMFuzzerTestOneInput(bytes, len);
        bytes[i] = was;
    }
}

static bool
run_file(const char *path, bool varied)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(LONGEST);
    size_t len = 0;

    if (file == NULL || bytes == NULL) {
        free(bytes);
        return false;
    }
    len = fread(bytes, 1, LONGEST, file);
    fclose(file);
    LLVMFuzzerTestOneInput(bytes, len);
    if (varied && len <= SMALL)
        vary(bytes, len);
    free(bytes);
    return true;
}

static int
is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

int
main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/');
    const char *name = slash == NULL ? argv[0] : slash + 1;
    char folder[512], path[1024];
    struct dirent **entries;
    int n, failed = 0;

    (void)argc;
    /* "test_NAME" has its inputs in corpus/NAME. */
    snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s",
             strchr(name, '_') == NULL ? name : strchr(name, '_') + 1);
    n = scandir(folder, &entries, is_input, alphasort);
    if (n <= 0) {
        printf("1..1\nnot ok 1 - inputs in %s\n", folder);
        return 1;
    }
    printf("1..%d\n", n);
    for (int i = 0; i < n; i++) {
        bool fine;

        snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        fine = run_file(path, &fuzz_is_slow == NULL);
        failed += !fine;
        printf("%sok %d - %s\n", fine ? "" : "not ", i + 1, entries[i]->d_name);
        fflush(stdout);
        free(entries[i]);
    }
    free(entries);
    return failed > 0;
}
