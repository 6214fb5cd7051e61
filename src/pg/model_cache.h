/* model_cache.h: networks of rpm.model ready to predict, kept by the session. */
#ifndef RPM_PG_MODEL_CACHE_H
#define RPM_PG_MODEL_CACHE_H

#include "postgres.h"

#include "rpm_learn.h"

/* The model that comes with the extension, readable by everybody (rpm.default_model). */
#define RPM_DEFAULT_MODEL "default"

/* rpm_pg.model: the model that rpm_predict takes; empty: none, unless a network is asked for, and then the default. */
extern char *rpm_setting_model;

/* rpm_pg.model_version: which version of the model that rpm_pg.model names; 0: the current one. */
extern int	rpm_setting_model_version;

/* rpm_pg.model_cache in MB: what the networks kept by one session may take; 0: none are kept. */
extern int	rpm_setting_model_cache_mb;

typedef struct RpmModel
{
	int32		id;
	bool		shipped;		/* the one that comes with the extension */
	Datum		channels;		/* text[], in the memory context of the call */
	int			channel_count;
	char	   *features;		/* the function that made its features; NULL: rpm_features */
	double		cell_size_m;
	int			size_cells;
	const rpm_learn_network *network;	/* until the memory context of the call is gone */
} RpmModel;

/* The version that the settings name; 0: the current one of whatever model. */
extern int	rpm_model_version_named(void);

/*
 * The version of a model that the settings name, else the current one.  Weights are read only where the session has not kept that state of the row.  Errors: 42501 (rpm.model may not
 * be read), 42704 (no such model or version, no current one), 55000 (it is not ready, or does not say its channels and scales), those of rpm_learn_network_open.
 */
extern RpmModel *rpm_model_get(const char *name);

#endif
