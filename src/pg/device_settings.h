/* device_settings.h: the settings that say where maps are traced and networks run. */
#ifndef RPM_PG_DEVICE_SETTINGS_H
#define RPM_PG_DEVICE_SETTINGS_H

#include "postgres.h"

typedef enum RpmDeviceChoice { RPM_CHOOSE_AUTO = 0, RPM_CHOOSE_CPU, RPM_CHOOSE_CUDA } RpmDeviceChoice;
typedef enum RpmDeviceBusy { RPM_BUSY_WAIT = 0, RPM_BUSY_CPU } RpmDeviceBusy;

/* rpm_pg.device */
extern int	rpm_setting_device;
/* rpm_pg.device_when_busy */
extern int	rpm_setting_device_when_busy;
/* rpm_pg.device_sessions: sessions that use one device at a time */
extern int	rpm_setting_device_sessions;
/* rpm_pg.device_maps: maps that a call traces at a time on one device */
extern int	rpm_setting_device_maps;

/* rpm_pg.device_memory_mb in bytes; 0: what is free. */
extern size_t rpm_device_memory_limit_bytes(void);

/* Whether rpm_pg.device_numbers lets the device be used. */
extern bool rpm_device_number_wanted(int number);

/* The CUDA module's file. */
extern const char *rpm_device_module_path(void);

/* rpm_pg.network_precision, an rpm_nn_precision */
extern int	rpm_setting_network_precision;

/* The module of networks on CUDA devices, which lies beside the other. */
extern const char *rpm_network_module_path(void);

extern void rpm_device_settings_define(void);

#endif
