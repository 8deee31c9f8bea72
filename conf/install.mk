# Installing, and its exact mirror.  Included by the Makefile.
