/* network_library.h: whether networks run on oneDNN here. */
#ifndef RPM_PG_NETWORK_LIBRARY_H
#define RPM_PG_NETWORK_LIBRARY_H

#include "postgres.h"

/* One NOTICE in a session where networks must run on the plain back end. */
extern void rpm_network_notice_library(void);

#endif
