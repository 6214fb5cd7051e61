/* status.c: how the engine says that something went wrong (rpm_status.h). */
#include <stdarg.h>
#include <stdio.h>

#include "rpm_status.h"

rpm_code
rpm_fail(rpm_status *status, rpm_code code, const char *hint, const char *format, ...)
{
	va_list		arguments;

	if (status == NULL || status->code != RPM_OK)
		return code;
	status->code = code;
	va_start(arguments, format);
	vsnprintf(status->message, sizeof(status->message), format, arguments);
	va_end(arguments);
	snprintf(status->hint, sizeof(status->hint), "%s", hint != NULL ? hint : "");
	return code;
}

void
rpm_status_clear(rpm_status *status)
{
	status->code = RPM_OK;
	status->message[0] = '\0';
	status->hint[0] = '\0';
}
