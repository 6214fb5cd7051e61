/*
 * fail.h: what ends a comparison that cannot go on.
 */
#ifndef RPM_TEST_DEVICE_FAIL_H
#define RPM_TEST_DEVICE_FAIL_H

#include <stdio.h>
#include <stdlib.h>

#include "rpm_status.h"

/* Says why and ends the program, but for RPM_OK. */
static inline void
fail_on(rpm_code code, const rpm_status *status)
{
	if (code == RPM_OK)
		return;
	printf("failed: %s\n%s\n", status->message, status->hint);
	exit(1);
}

#endif
