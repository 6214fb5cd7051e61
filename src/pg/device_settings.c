/* device_settings.c: the settings that say where maps are traced and networks run. */
#include "postgres.h"

#include <limits.h>

#include "miscadmin.h"
#include "port.h"
#include "utils/guc.h"

#include "device_settings.h"
#include "rpm_device.h"
#include "rpm_nn.h"

#define DEFAULT_SESSIONS 2
#define DEFAULT_MAPS 16
#define MAX_MAPS 64
#define MAX_SESSIONS 64
#define BYTES_PER_MB ((size_t) 1024 * 1024)

int			rpm_setting_device = RPM_CHOOSE_AUTO;
int			rpm_setting_device_when_busy = RPM_BUSY_WAIT;
int			rpm_setting_device_sessions = DEFAULT_SESSIONS;
int			rpm_setting_network_precision = RPM_NN_SINGLE;
int			rpm_setting_device_maps = DEFAULT_MAPS;
static int	memory_mb = 0;
static char *numbers = NULL;
static char *module = NULL;

static const struct config_enum_entry choices[] = {
	{"auto", RPM_CHOOSE_AUTO, false},
	{"cpu", RPM_CHOOSE_CPU, false},
	{"cuda", RPM_CHOOSE_CUDA, false},
	{NULL, 0, false}
};

static const struct config_enum_entry when_busy[] = {
	{"wait", RPM_BUSY_WAIT, false},
	{"cpu", RPM_BUSY_CPU, false},
	{NULL, 0, false}
};

static const struct config_enum_entry precisions[] = {
	{"single", RPM_NN_SINGLE, false},
	{"half", RPM_NN_HALF, false},
	{"bfloat16", RPM_NN_BFLOAT16, false},
	{NULL, 0, false}
};

static bool check_numbers(char **value, void **extra, GucSource source);
static bool next_number(const char **list, long *number);

void
rpm_device_settings_define(void)
{
	DefineCustomEnumVariable("rpm_pg.device",
							 "Where maps are traced and networks run: auto, cpu or cuda.",
							 "auto takes a CUDA device where one can be used, else the CPU; with cuda it is an error where none can.",
							 &rpm_setting_device, RPM_CHOOSE_AUTO, choices, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("rpm_pg.device_maps",
							"Maps that a call traces at a time on one CUDA device.",
							"They share launches and its memory; fewer where it is too small for so many.",
							&rpm_setting_device_maps, DEFAULT_MAPS, 1, MAX_MAPS, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("rpm_pg.device_memory_mb",
							"Memory of one CUDA device that a session may take.",
							"0 takes what is free.",
							&memory_mb, 0, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomStringVariable("rpm_pg.device_numbers",
							   "CUDA devices that may be used, by number, over which the antennas of a call are spread.",
							   "Such as 0,2; empty for all.",
							   &numbers, "", PGC_USERSET, GUC_LIST_INPUT, check_numbers, NULL, NULL);
	DefineCustomIntVariable("rpm_pg.device_sessions",
							"Sessions that may use one CUDA device at a time.",
							NULL,
							&rpm_setting_device_sessions, DEFAULT_SESSIONS, 1, MAX_SESSIONS, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("rpm_pg.device_when_busy",
							 "What a call does when as many sessions as may use the CUDA devices: wait or cpu.",
							 NULL,
							 &rpm_setting_device_when_busy, RPM_BUSY_WAIT, when_busy, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("rpm_pg.device_module",
							   "File of the CUDA module.",
							   "Empty for rpm_pg_cuda.so beside the extension's own library; that of networks, rpm_pg_nn_cuda.so, lies in the same folder.",
							   &module, "", PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("rpm_pg.network_precision",
							 "Numbers that networks run in on a CUDA device: single, half or bfloat16.",
							 "Weights are trained in single precision with all of them; the CPU has that alone.",
							 &rpm_setting_network_precision, RPM_NN_SINGLE, precisions, PGC_USERSET, 0, NULL, NULL, NULL);
}

size_t
rpm_device_memory_limit_bytes(void)
{
	return (size_t) memory_mb * BYTES_PER_MB;
}

bool
rpm_device_number_wanted(int number)
{
	const char *list = numbers;
	long		wanted;

	if (list == NULL || list[0] == '\0')
		return true;
	while (next_number(&list, &wanted))
		if (wanted == number)
			return true;
	return false;
}

const char *
rpm_device_module_path(void)
{
	static char path[MAXPGPATH];

	if (module != NULL && module[0] != '\0')
		return module;
	snprintf(path, sizeof(path), "%s/rpm_pg_cuda.so", pkglib_path);
	return path;
}

const char *
rpm_network_module_path(void)
{
	static char path[MAXPGPATH];

	strlcpy(path, rpm_device_module_path(), sizeof(path));
	get_parent_directory(path);
	strlcat(path, "/rpm_pg_nn_cuda.so", sizeof(path));
	return path;
}

static bool
check_numbers(char **value, void **extra, GucSource source)
{
	const char *list = *value;
	long		number;

	(void) extra;
	(void) source;
	while (next_number(&list, &number))
		;
	if (*list == '\0')
		return true;
	GUC_check_errdetail("Device numbers count from 0 to %d and are separated by commas.", RPM_DEVICES_MAX - 1);
	return false;
}

/* Takes a number off the list; false at its end, and where it has none. */
static bool
next_number(const char **list, long *number)
{
	const char *at = *list;
	char	   *end;

	at += strspn(at, " ");
	if (*at < '0' || *at > '9')
		return false;
	*number = strtol(at, &end, 10);
	end += strspn(end, " ");
	if (*number >= RPM_DEVICES_MAX || (*end != '\0' && *end != ','))
		return false;
	/* A comma asks for one more. */
	if (*end == ',' && end[1 + strspn(end + 1, " ")] != '\0')
		end++;
	*list = end;
	return true;
}
