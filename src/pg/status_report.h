/* status_report.h: an engine's status as an error of the server. */
#ifndef RPM_PG_STATUS_REPORT_H
#define RPM_PG_STATUS_REPORT_H

#include "postgres.h"

#include "rpm_status.h"

/* Raises the status as an error with its SQLSTATE and hint; returns when it is RPM_OK. */
extern void rpm_report_status(const rpm_status *status);

/* The same with "what: " before the message, for example "antenna 7"; what may be NULL. */
extern void rpm_report_status_of(const rpm_status *status, const char *what);

#endif
