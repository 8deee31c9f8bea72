/* The table of module arguments, by which a line of pam.d adjusts us. */
#ifndef UK_PAM_MODULE_OPTIONS_H
#define UK_PAM_MODULE_OPTIONS_H

#include <stdbool.h>

#include "core/attr.h"
#include "core/conf.h"
#include "core/err.h"

struct uk_options {
    char conf[UK_CONF_VALUE]; /* the settings file */
    bool debug;
    bool try_first_pass;
    bool use_first_pass;
    char prompt[UK_CONF_VALUE]; /* "": the one of the settings */
};

/* Read the words behind the module's name in pam.d.  A switch (debug) stands
 * alone or as debug=yes.  UK_MISCONFIGURED for one that is unknown, given
 * twice, has a bad value or contradicts another. */
UK_MUST_USE enum uk_code uk_options_parse(int argc, const char *const *argv,
                                          struct uk_options *out,
                                          struct uk_err *err);

#endif
