/* varlena.h: the macros of variable-length values (VARDATA and the like): part of postgres.h up to server 15, a header of their own since. */
#ifndef RPM_PG_VARLENA_H
#define RPM_PG_VARLENA_H

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#endif
