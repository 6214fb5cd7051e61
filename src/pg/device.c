/*
 * device.c: the devices that a call traces on, and rpm_devices().
 *
 * The CUDA module is opened in the backend that uses it, on the helper thread, whose signals are blocked, so that the threads that CUDA
 * starts take none.  How many sessions use a device is bounded by heavyweight locks, one for each place: they need no shared memory
 * of the extension's own, are waited for like any lock, and end with the transaction.
 */
#include "postgres.h"

#include <unistd.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/builtins.h"

#include "device.h"
#include "device_settings.h"
#include "rpm_settings.h"
#include "status_report.h"
#include "worker.h"

/* Tags of the places: advisory locks of no database, whose numbers no SQL function gives. */
#define PLACE_KEY 0x52504D44	/* "RPMD" */
#define PLACE_FIELD 3

#define COLUMN_COUNT 12
#define BYTES_PER_MB ((size_t) 1024 * 1024)

/* What the helper thread finds. */
typedef struct DeviceSearch
{
	const char *module_path;
	bool		ask_memory;
	int			count;
	rpm_device_description found[RPM_DEVICES_MAX];
} DeviceSearch;

PG_FUNCTION_INFO_V1(rpm_sql_devices);

static rpm_device *cpu_device;
static rpm_device *cuda_devices[RPM_DEVICES_MAX]; /* opened by this session, by number */
static const char *cuda_module_path;	/* of which module they are */
static bool said_why;			/* one NOTICE in a session */

static void use_cpu(RpmDevices *devices);
static bool module_is_missing(void);
static DeviceSearch *search(bool ask_memory);
static rpm_code describe(void *argument, rpm_control *control, rpm_status *status);
static bool is_wanted(const rpm_device_description *found);
static void none_found(const DeviceSearch *found);
static void say_once(const char *reason, const char *hint);
static void take_places(const int *numbers, int count, int maps, RpmDevices *devices);
static void add_device(RpmDevices *devices, int number, int place);
static bool take_place(int number, int place, bool wait);
static void set_tag(LOCKTAG *tag, int number, int place);
static rpm_device *open_device(int number);
static void put_device(ReturnSetInfo *result, const rpm_device_description *found);
static Datum version_text(int version);

void
rpm_devices_take(int maps, RpmDevices *devices)
{
	DeviceSearch *found;
	int			numbers[RPM_DEVICES_MAX],
				count = 0;

	if (rpm_setting_device == RPM_CHOOSE_CPU || (rpm_setting_device == RPM_CHOOSE_AUTO && module_is_missing()))
	{
		use_cpu(devices);
		return;
	}
	found = search(false);
	for (int i = 0; i < found->count; i++)
		if (is_wanted(&found->found[i]))
			numbers[count++] = found->found[i].number;
	if (count == 0)
		none_found(found);
	pfree(found);
	devices->count = 0;
	if (count > 0)
		take_places(numbers, count, maps, devices);
	if (devices->count == 0)
		use_cpu(devices);
}

bool
rpm_device_place_take(const int *numbers, int count, bool waits, int *number, int *place)
{
	/* Sessions begin at different devices. */
	for (int i = 0; i < count; i++)
		for (*number = numbers[(i + MyProcPid) % count], *place = 0; *place < rpm_setting_device_sessions; ++*place)
			if (take_place(*number, *place, false))
				return true;
	*number = numbers[MyProcPid % count];
	*place = MyProcPid / count % rpm_setting_device_sessions;
	if (waits)
		take_place(*number, *place, true);
	else
		*place = -1;
	return waits;
}

void
rpm_device_place_give_back(int number, int place)
{
	LOCKTAG		tag;

	set_tag(&tag, number, place);
	LockRelease(&tag, ExclusiveLock, false);
}

void
rpm_devices_give_back(const RpmDevices *devices)
{
	for (int i = 0; i < devices->count; i++)
	{
		if (devices->places[i] >= 0)
			rpm_device_place_give_back(rpm_device_number(devices->devices[i]), devices->places[i]);
	}
}

void
rpm_devices_take_cpu_instead(const rpm_status *why, RpmDevices *devices)
{
	rpm_devices_give_back(devices);
	say_once(why->message, why->hint);
	use_cpu(devices);
}

static void
use_cpu(RpmDevices *devices)
{
	rpm_status	status;

	rpm_status_clear(&status);
	if (cpu_device == NULL && rpm_device_open(RPM_DEVICE_CPU, -1, NULL, &cpu_device, &status) != RPM_OK)
		rpm_report_status(&status);
	devices->count = 1;
	devices->devices[0] = cpu_device;
	devices->places[0] = -1;
}

static bool
module_is_missing(void)
{
	return access(rpm_device_module_path(), F_OK) != 0;
}

static DeviceSearch *
search(bool ask_memory)
{
	DeviceSearch *found = palloc0(sizeof(DeviceSearch));
	rpm_control control;

	found->module_path = rpm_device_module_path();
	found->ask_memory = ask_memory;
	rpm_control_from_settings(&control);
	rpm_run_engine(describe, found, &control, NULL);
	return found;
}

static rpm_code
describe(void *argument, rpm_control *control, rpm_status *status)
{
	DeviceSearch *found = argument;

	(void) control;
	(void) status;
	found->count = rpm_devices_describe(found->module_path, found->ask_memory, found->found);
	return RPM_OK;
}

/* A CUDA device that can be used and that the settings let be used. */
static bool
is_wanted(const rpm_device_description *found)
{
	return found->kind == RPM_DEVICE_CUDA && found->number >= 0 && found->state == RPM_DEVICE_USABLE
		&& rpm_device_number_wanted(found->number);
}

/*
 * Why no CUDA device is used: an error where one is demanded, else said once where something is there and wrong.  A machine without
 * a driver is no GPU machine, and nothing to speak of.
 */
static void
none_found(const DeviceSearch *found)
{
	const rpm_device_description *first = NULL;
	rpm_status	status;

	for (int i = 0; i < found->count && first == NULL; i++)
		if (found->found[i].kind == RPM_DEVICE_CUDA
			&& (found->found[i].number < 0 || rpm_device_number_wanted(found->found[i].number)))
			first = &found->found[i];
	rpm_status_clear(&status);
	if (first == NULL)
		rpm_fail(&status, RPM_UNSUPPORTED, "rpm_devices() lists what there is.", "rpm_pg.device_numbers names none of the CUDA devices");
	else
		rpm_fail(&status, RPM_UNSUPPORTED, first->hint, "%s", first->reason);
	if (rpm_setting_device == RPM_CHOOSE_CUDA)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("no CUDA device can be used: %s", status.message),
				 errdetail("rpm_pg.device is cuda."),
				 errhint("%s With auto or cpu maps are traced on the CPU.", status.hint)));
	if (first == NULL || first->state == RPM_DEVICE_UNUSABLE)
		say_once(status.message, status.hint);
}

static void
say_once(const char *reason, const char *hint)
{
	if (said_why)
		return;
	said_why = true;
	ereport(NOTICE,
			(errmsg("traced on the CPU: %s", reason),
			 errhint("%s rpm_devices() says what was found; with rpm_pg.device = 'cpu' nothing is looked for.", hint)));
}

/* A place on each device, as many as are free and of use; where there is none, waits for one or leaves it. */
static void
take_places(const int *numbers, int count, int maps, RpmDevices *devices)
{
	for (int i = 0; i < count && devices->count < maps; i++)
	{
		/* Sessions begin at different devices. */
		int			number = numbers[(i + MyProcPid) % count];

		for (int place = 0; place < rpm_setting_device_sessions; place++)
			if (take_place(number, place, false))
			{
				add_device(devices, number, place);
				break;
			}
	}
	if (devices->count == 0 && maps > 0 && rpm_setting_device_when_busy == RPM_BUSY_WAIT)
	{
		int			number = numbers[MyProcPid % count],
					place = MyProcPid / count % rpm_setting_device_sessions;

		take_place(number, place, true);
		add_device(devices, number, place);
	}
}

static void
add_device(RpmDevices *devices, int number, int place)
{
	devices->devices[devices->count] = open_device(number);
	devices->places[devices->count++] = place;
}

static bool
take_place(int number, int place, bool wait)
{
	LOCKTAG		tag;

	set_tag(&tag, number, place);
	return LockAcquire(&tag, ExclusiveLock, false, !wait) != LOCKACQUIRE_NOT_AVAIL;
}

static void
set_tag(LOCKTAG *tag, int number, int place)
{
	SET_LOCKTAG_ADVISORY(*tag, InvalidOid, PLACE_KEY, (uint32) (number * 1000 + place), PLACE_FIELD);
}

/* Devices stay open as long as the session: scenes kept by it lie on them. */
static rpm_device *
open_device(int number)
{
	const char *path = rpm_device_module_path();
	rpm_status	status;

	/* Another module, in tests: what the old one holds stays with the scenes. */
	if (cuda_module_path == NULL || strcmp(cuda_module_path, path) != 0)
	{
		cuda_module_path = MemoryContextStrdup(TopMemoryContext, path);
		memset(cuda_devices, 0, sizeof(cuda_devices));
	}
	rpm_status_clear(&status);
	if (cuda_devices[number] == NULL && rpm_device_open(RPM_DEVICE_CUDA, number, path, &cuda_devices[number], &status) != RPM_OK)
		rpm_report_status(&status);
	return cuda_devices[number];
}

Datum
rpm_sql_devices(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	DeviceSearch *found;

	InitMaterializedSRF(fcinfo, 0);
	found = search(true);
	for (int i = 0; i < found->count; i++)
		put_device(result, &found->found[i]);
	return (Datum) 0;
}

static void
put_device(ReturnSetInfo *result, const rpm_device_description *found)
{
	bool		is_cpu = found->kind == RPM_DEVICE_CPU,
				usable = found->state == RPM_DEVICE_USABLE;
	Datum		values[COLUMN_COUNT] = {0};
	bool		nulls[COLUMN_COUNT] = {false};

	values[0] = CStringGetTextDatum(is_cpu ? "cpu" : "cuda");
	values[1] = Int32GetDatum(found->number);
	nulls[1] = found->number < 0;
	values[2] = CStringGetTextDatum(found->name);
	nulls[2] = found->name[0] == '\0';
	values[3] = BoolGetDatum(usable);
	values[4] = CStringGetTextDatum(found->reason);
	nulls[4] = found->reason[0] == '\0';
	values[5] = CStringGetTextDatum(found->hint);
	nulls[5] = found->hint[0] == '\0';
	values[6] = Int64GetDatum((int64) (found->memory_bytes / BYTES_PER_MB));
	nulls[6] = found->memory_bytes == 0;
	values[7] = Int64GetDatum((int64) (found->free_bytes / BYTES_PER_MB));
	nulls[7] = found->memory_bytes == 0;
	values[8] = CStringGetTextDatum(psprintf("%d.%d", found->capability_major, found->capability_minor));
	nulls[8] = found->capability_major == 0;
	values[9] = Int32GetDatum(found->processors);
	nulls[9] = found->processors == 0;
	values[10] = version_text(found->driver_version);
	nulls[10] = found->driver_version == 0;
	values[11] = version_text(found->runtime_version);
	nulls[11] = found->runtime_version == 0;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* 13020 is 13.2 */
static Datum
version_text(int version)
{
	return CStringGetTextDatum(psprintf("%d.%d", version / 1000, version % 1000 / 10));
}
