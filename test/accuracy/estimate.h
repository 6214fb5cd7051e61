/* estimate.h: the rows of the accuracy table: estimates of an antenna's held-out pixels, made with the engine's functions. */
#ifndef ESTIMATE_H
#define ESTIMATE_H

#include "chengdu.h"
#include "rpm_clutter.h"
#include "rpm_split.h"

/* One protocol: what is held out. */
typedef struct protocol
{
	const char *name, *title;
	rpm_split_unit unit;
	double		learns;			/* numbers below it */
} protocol;

/* What is the same for all antennas of one protocol, from rows that learn alone. */
typedef struct experiment
{
	const chengdu *data;
	const protocol *protocol;
	uint64_t	seed;
	const bool *learns;			/* of every pixel */
	rpm_clutter_antenna *antennas;
	double		coefficient[RPM_CLUTTER_TERMS];
	double		residual_sd_db; /* of the linear model */
	rpm_clutter_gains gains;
	int32_t    *tile_pixel;		/* pixels by tile of 64 x 64 cells */
	int32_t    *pixel_antenna;	/* of every pixel */
	size_t	   *tile_begin;
	float	   *residual_db;	/* of every pixel, less the linear model */
	int32_t		first_column, first_row, tile_columns, tile_rows;
} experiment;

/* Residuals of other sites about a pixel, at each scale. */
typedef struct scales
{
	double		residual_db[RPM_CLUTTER_SCALES], weight[RPM_CLUTTER_SCALES];
} scales;

/* What is asked of an estimate: the antenna's held-out pixels, in order. */
typedef struct task
{
	int			antenna;
	size_t		learn_count, target_count;
	size_t	   *learn, *target; /* pixels */
	double	   *mean_dbm, *sd_db;	/* of the targets; sd_db 0: the estimate says nothing of it */
	/* of the given prior: the network's linear model with what others measured; at learn, then at target */
	double	   *given_learn, *given_target;
} task;

/* False where the engine failed, with a line on stderr. */
typedef bool (*estimate_function) (const experiment *setup, task *task);

typedef struct estimate
{
	const char *name, *title;
	bool		pixels, sites;	/* for pixels and blocks; for sites left out whole */
	bool		given;			/* needs given_* */
	bool		noise;			/* shown by what may be noise of the pixels, too */
	estimate_function function;
} estimate;

extern const estimate estimates[];
extern const int estimate_count;

/* Learns the network's linear model and, with_clutter, the gains from the rows that learn. */
bool		experiment_open(experiment *setup, const chengdu *data, const protocol *protocol, uint64_t seed, const bool *learns,
							bool with_clutter);
void		experiment_close(experiment *setup);

/* Residuals of all other sites than the antenna's about pixels; NaN where nothing is near. */
bool		experiment_scales(const experiment *setup, int antenna, const size_t *pixel, size_t count, scales *at);

/* What other sites than the antenna's say at pixels: the model's level with clutter. */
bool		experiment_given(const experiment *setup, int antenna, const size_t *pixel, size_t count, double *level_dbm);

#endif
