/*
 * rpm_status.h: how the engine says that something went wrong.
 *
 * Every engine function that can fail takes an rpm_status and returns its code.  The engine never
 * prints, never exits and never jumps; the caller turns a status into an error of its own kind.
 */
#ifndef RPM_STATUS_H
#define RPM_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum rpm_code
{
	RPM_OK = 0,
	RPM_INVALID_ARGUMENT,		/* a number or name that cannot be: SQLSTATE 22023 */
	RPM_INVALID_GEOMETRY,		/* geometry that cannot be used: 22023 */
	RPM_LIMIT_EXCEEDED,			/* would need more than allowed: 54000 */
	RPM_OUT_OF_MEMORY,			/* 53200 */
	RPM_CANCELLED,				/* rpm_control.stop was set */
	RPM_UNSUPPORTED,			/* 0A000 */
	RPM_INTERNAL,				/* XX000 */
	RPM_DEVICE_LOST				/* a GPU failed and is of no more use to this process: 58000 */
} rpm_code;

typedef struct rpm_status
{
	rpm_code	code;
	char		message[320];	/* lower case, no full stop, names the row or value */
	char		hint[320];		/* a sentence that says what to do; may be empty */
} rpm_status;

/* Sets code, hint (may be NULL) and message and returns code; a later failure does not overwrite an earlier one. */
rpm_code	rpm_fail(rpm_status *status, rpm_code code, const char *hint, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Clears a status before a call. */
void		rpm_status_clear(rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
