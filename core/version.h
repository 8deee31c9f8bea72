/* The version of everything that is built here. */
#ifndef UK_CORE_VERSION_H
#define UK_CORE_VERSION_H

#define UK_VERSION "0.1"

#endif
