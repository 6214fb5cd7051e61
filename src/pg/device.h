/* device.h: the devices that a call traces on. */
#ifndef RPM_PG_DEVICE_H
#define RPM_PG_DEVICE_H

#include "postgres.h"

#include "rpm_device.h"

/* devices[0 .. count-1]: CUDA devices, or the CPU alone. */
typedef struct RpmDevices
{
	int			count;
	rpm_device *devices[RPM_DEVICES_MAX];
	int			places[RPM_DEVICES_MAX];	/* held on each; -1: none is needed */
} RpmDevices;

/*
 * The devices for a call that traces so many maps, as the settings say; at most one for each map.  Waits for one where as many sessions
 * as may use them (rpm_pg.device_when_busy).  Errors: 0A000 where rpm_pg.device is cuda and none can be used; 58000 where it failed
 * before.  Given back at the end of the transaction at the latest.
 */
extern void rpm_devices_take(int maps, RpmDevices *devices);
extern void rpm_devices_give_back(const RpmDevices *devices);

/*
 * A place on one of these devices for a network; waits for one, or returns false where none is free.  Given back at the end of the transaction
 * at the latest.
 */
extern bool rpm_device_place_take(const int *numbers, int count, bool waits, int *number, int *place);
extern void rpm_device_place_give_back(int number, int place);

/* The CPU alone: what a call goes on with when a device's memory is too small; says so once in a session, and why. */
extern void rpm_devices_take_cpu_instead(const rpm_status *why, RpmDevices *devices);

#endif
