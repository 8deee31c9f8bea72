/* The version of everything that is built here. */
#ifndef UK_VERSION_H
#define UK_VERSION_H

#define UK_VERSION "0.1"

#endif
