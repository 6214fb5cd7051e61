/*
 * module.c: what happens when the library is loaded: settings are defined, nothing else.
 */
#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "device_settings.h"
#include "feature_cache.h"
#include "model_cache.h"
#include "rpm_nn.h"
#include "rpm_settings.h"

#define DEFAULT_MEMORY_MB 2048
#define DEFAULT_SCENE_CACHE_MB 512
#define DEFAULT_MODEL_CACHE_MB 256
#define DEFAULT_FEATURE_CACHE_MB 64
#define MAX_THREADS 1024
#define BYTES_PER_MB ((size_t) 1024 * 1024)

PG_MODULE_MAGIC;

void		_PG_init(void);

int			rpm_setting_threads = 0;
static int	max_memory_mb = DEFAULT_MEMORY_MB;
static int	scene_cache_mb = DEFAULT_SCENE_CACHE_MB;
char	   *rpm_setting_model = NULL;
int			rpm_setting_model_version = 0;
int			rpm_setting_model_cache_mb = DEFAULT_MODEL_CACHE_MB;
int			rpm_setting_feature_cache_mb = DEFAULT_FEATURE_CACHE_MB;

void
_PG_init(void)
{
	DefineCustomIntVariable("rpm_pg.threads",
							"Threads that one call may use.",
							"0 uses one thread per core.",
							&rpm_setting_threads, 0, 0, MAX_THREADS, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("rpm_pg.max_memory",
							"Memory that one call may take for scenes, maps and rays.",
							"A call that would need more is refused before it starts.",
							&max_memory_mb, DEFAULT_MEMORY_MB, 16, INT_MAX, PGC_USERSET, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomIntVariable("rpm_pg.scene_cache",
							"Memory in which a session keeps the scenes that it has built.",
							"The scene used longest ago goes first; 0 keeps none.",
							&scene_cache_mb, DEFAULT_SCENE_CACHE_MB, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MB, NULL, NULL, NULL);
	rpm_device_settings_define();
	DefineCustomStringVariable("rpm_pg.model",
							   "The model (rpm.model) that rpm_predict takes, tried against the other priors.",
							   "Empty: none, and the extension's own (default) for method => 'network'.",
							   &rpm_setting_model, "", PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("rpm_pg.model_version",
							"The version of the model that rpm_pg.model names.",
							"0: the current one, and of a site's antennas the one fine-tuned to the site.",
							&rpm_setting_model_version, 0, 0, INT_MAX, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("rpm_pg.model_cache",
							"Memory in which a session keeps the networks that it has read.",
							"The network used longest ago goes first; 0 keeps none.",
							&rpm_setting_model_cache_mb, DEFAULT_MODEL_CACHE_MB, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MB, NULL, NULL, NULL);
	DefineCustomIntVariable("rpm_pg.feature_cache",
							"Memory in which a session keeps what networks see of antennas' surroundings.",
							"It serves while no transaction that wrote anything has ended; the values used longest ago go first; 0 keeps none.",
							&rpm_setting_feature_cache_mb, DEFAULT_FEATURE_CACHE_MB, 0, INT_MAX, PGC_USERSET, GUC_UNIT_MB, NULL, NULL, NULL);
	MarkGUCPrefixReserved("rpm_pg");
	/* Only noted here: opened by the first network that runs, in a backend. */
	rpm_nn_set_library(psprintf("%s/rpm_pg_nn%s", pkglib_path, DLSUFFIX));
}

size_t
rpm_memory_limit_bytes(void)
{
	return (size_t) max_memory_mb * BYTES_PER_MB;
}

size_t
rpm_scene_cache_bytes(void)
{
	return (size_t) scene_cache_mb * BYTES_PER_MB;
}

void
rpm_control_from_settings(rpm_control *control)
{
	memset(control, 0, sizeof(*control));
	control->threads = rpm_setting_threads;
	control->memory_limit_bytes = rpm_memory_limit_bytes();
}
