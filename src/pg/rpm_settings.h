/* rpm_settings.h: the extension's settings (GUCs) as the code reads them. */
#ifndef RPM_PG_SETTINGS_H
#define RPM_PG_SETTINGS_H

#include "rpm_control.h"

/* rpm_pg.threads: threads of one call; 0: one per core. */
extern int	rpm_setting_threads;

/* rpm_pg.max_memory in bytes: what one call may take for its arrays. */
extern size_t rpm_memory_limit_bytes(void);

/* rpm_pg.scene_cache in bytes: what the scenes kept by one session may take; 0: none are kept. */
extern size_t rpm_scene_cache_bytes(void);

/* An idle control with the limits of the settings. */
extern void rpm_control_from_settings(rpm_control *control);

#endif
