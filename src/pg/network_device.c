/* network_device.c: where networks run: the settings of maps' devices decide for them, too (network_device.h). */
#include "postgres.h"

#include <unistd.h>

#include "device.h"
#include "device_settings.h"
#include "network_device.h"
#include "network_library.h"
#include "rpm_device.h"
#include "rpm_settings.h"
#include "worker.h"

/* What the helper thread finds: devices on which networks can run, or why there are none. */
typedef struct NetworkSearch
{
	int			count;
	int			numbers[RPM_DEVICES_MAX];
	bool		driver;			/* the machine has one of such devices */
	rpm_status	why;
} NetworkSearch;

static rpm_code search(void *argument, rpm_control *control, rpm_status *status);
static void none_found(const NetworkSearch *found);

bool
rpm_network_on_cpu_alone(void)
{
	return rpm_setting_device == RPM_CHOOSE_CPU || (rpm_setting_device == RPM_CHOOSE_AUTO && access(rpm_network_module_path(), F_OK) != 0);
}

void
rpm_network_device_take(RpmNetworkDevice *device)
{
	NetworkSearch found = {.driver = false};
	rpm_control control;

	memset(device, 0, sizeof(*device));
	device->place = -1;
	if (rpm_network_on_cpu_alone())
		return;
	rpm_nn_set_cuda_library(rpm_network_module_path());
	rpm_control_from_settings(&control);
	rpm_run_engine(search, &found, &control, NULL);
	if (found.count == 0)
		none_found(&found);
	else if (rpm_device_place_take(found.numbers, found.count, rpm_setting_device_when_busy == RPM_BUSY_WAIT, &device->where.device, &device->place))
	{
		device->where.backend = RPM_NN_CUDA;
		device->where.precision = (rpm_nn_precision) rpm_setting_network_precision;
		device->where.device_memory_bytes = rpm_device_memory_limit_bytes();
		device->may_fall_back = rpm_setting_device == RPM_CHOOSE_AUTO;
	}
}

void
rpm_network_device_take_again(RpmNetworkDevice *device)
{
	if (device->where.backend == RPM_NN_CUDA)
		rpm_device_place_take(&device->where.device, 1, true, &device->where.device, &device->place);
}

void
rpm_network_device_give_back(RpmNetworkDevice *device)
{
	if (device->place >= 0)
		rpm_device_place_give_back(device->where.device, device->place);
	device->place = -1;
}

/* On the helper thread, whose signals are blocked, as CUDA starts threads of its own. */
static rpm_code
search(void *argument, rpm_control *control, rpm_status *status)
{
	NetworkSearch *found = argument;

	(void) control;
	(void) status;
	rpm_status_clear(&found->why);
	for (int number = 0; number < RPM_DEVICES_MAX; number++)
	{
		rpm_status	why;

		rpm_status_clear(&why);
		if (!rpm_device_number_wanted(number))
			continue;
		if (rpm_nn_cuda_check(number, &found->driver, &why) == RPM_OK)
			found->numbers[found->count++] = number;
		else if (found->why.code == RPM_OK)
			found->why = why;
	}
	return RPM_OK;
}

/* An error where a device is demanded; else said once, where the machine has a driver of such devices. */
static void
none_found(const NetworkSearch *found)
{
	if (rpm_setting_device == RPM_CHOOSE_CUDA)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("networks cannot run on a CUDA device: %s", found->why.message),
				 errdetail("rpm_pg.device is cuda."),
				 errhint("%s With auto or cpu networks run on the CPU.", found->why.hint)));
	if (found->driver)
		rpm_network_say_why(&found->why);
}

bool
rpm_network_falls_back(RpmNetworkDevice *device, rpm_status *status, rpm_status *why)
{
	bool		does_not_do = status->code == RPM_LIMIT_EXCEEDED || status->code == RPM_OUT_OF_MEMORY || status->code == RPM_UNSUPPORTED;

	if (!device->may_fall_back || device->where.backend != RPM_NN_CUDA || !does_not_do)
		return false;
	*why = *status;
	rpm_status_clear(status);
	device->where.backend = RPM_NN_AUTO;
	device->where.precision = RPM_NN_SINGLE;
	return true;
}

void
rpm_network_say_why(const rpm_status *why)
{
	static bool said = false;

	if (said)
		return;
	said = true;
	ereport(NOTICE,
			(errmsg("networks run on the CPU: %s", why->message),
			 errhint("%s With rpm_pg.device = 'cpu' nothing is looked for.", why->hint)));
}
