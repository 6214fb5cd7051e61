/* network_device.h: where networks run. */
#ifndef RPM_PG_NETWORK_DEVICE_H
#define RPM_PG_NETWORK_DEVICE_H

#include "postgres.h"

#include "rpm_nn.h"

/* Where a call's networks run, and the place that it holds on a device. */
typedef struct RpmNetworkDevice
{
	rpm_nn_options where;		/* its backend, precision, device and device_memory_bytes count */
	int			place;			/* -1: none */
	bool		may_fall_back;	/* rpm_pg.device is auto: a device that has too little memory, or is there no more, sends it to the CPU */
} RpmNetworkDevice;

/* Whether no device is even looked for: the settings say so, or there is no module for networks on one. */
extern bool rpm_network_on_cpu_alone(void);

/*
 * As the settings say (rpm_pg.device and those beside it).  Waits for a place on a device where as many sessions as may use it.  Errors: 0A000 where
 * rpm_pg.device is cuda and no network can run on one.  The place is given back at the end of the transaction at the latest.
 */
extern void rpm_network_device_take(RpmNetworkDevice *device);
/* A place once more on the device that a training runs on: each epoch is a transaction. */
extern void rpm_network_device_take_again(RpmNetworkDevice *device);
extern void rpm_network_device_give_back(RpmNetworkDevice *device);

/* Whether an engine call that ended so goes on with the CPU: then device says so, and status is cleared; callable from the engine's thread. */
extern bool rpm_network_falls_back(RpmNetworkDevice *device, rpm_status *status, rpm_status *why);
/* Says once in a session why. */
extern void rpm_network_say_why(const rpm_status *why);

#endif
