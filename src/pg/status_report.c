/* status_report.c: an engine's status as an error of the server. */
#include "postgres.h"

#include "miscadmin.h"

#include "status_report.h"

static int	sqlstate_of(rpm_code code);

void
rpm_report_status(const rpm_status *status)
{
	rpm_report_status_of(status, NULL);
}

void
rpm_report_status_of(const rpm_status *status, const char *what)
{
	if (status->code == RPM_OK)
		return;
	if (status->code == RPM_CANCELLED)
		CHECK_FOR_INTERRUPTS();		/* says which: cancel, timeout or conflict */
	ereport(ERROR,
			(errcode(sqlstate_of(status->code)),
			 errmsg("%s%s%s", what ? what : "", what ? ": " : "", status->message),
			 status->hint[0] != '\0' ? errhint("%s", status->hint) : 0));
}

static int
sqlstate_of(rpm_code code)
{
	switch (code)
	{
		case RPM_OK:
			return ERRCODE_SUCCESSFUL_COMPLETION;
		case RPM_INVALID_ARGUMENT:
		case RPM_INVALID_GEOMETRY:
			return ERRCODE_INVALID_PARAMETER_VALUE;
		case RPM_LIMIT_EXCEEDED:
			return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
		case RPM_OUT_OF_MEMORY:
			return ERRCODE_OUT_OF_MEMORY;
		case RPM_CANCELLED:
			return ERRCODE_QUERY_CANCELED;
		case RPM_UNSUPPORTED:
			return ERRCODE_FEATURE_NOT_SUPPORTED;
		case RPM_DEVICE_LOST:
			return ERRCODE_SYSTEM_ERROR;
		case RPM_INTERNAL:
			break;
	}
	return ERRCODE_INTERNAL_ERROR;
}
