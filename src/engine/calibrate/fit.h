/*
 * fit.h: what the parts of the fit share.
 *
 *   fit.c           checks, rounds, results
 *   fit_normal.c    losses; the normal equations, summed over the cells
 *   fit_embedding.c the embedding form: constants as products of vectors
 *   fit_choice.c    which parameters are fitted
 *   fit_scan.c      other bottoms of the cost: materials
 *   fit_pattern.c   floors of patterns
 *   profile.c       the cost over walls' permittivities, all else as it is; profile_tables.c: the walls' coefficients
 *   profile_buildings.c  other bottoms of the cost: buildings, and what they do to standard errors
 */
#ifndef RPM_CALIBRATE_FIT_H
#define RPM_CALIBRATE_FIT_H

#include "calibrate/tables.h"

#define RPM_FIT_MOST_BOTTOMS 16
/* A level of nothing (the pattern's null): as weak as any receiver could tell. */
#define RPM_FIT_NOTHING_DBM (-250.0)

typedef struct rpm_fit_work
{
	const rpm_path_store *store;
	const rpm_calibrate_options *options;
	rpm_control *control;
	rpm_calibration *calibration;
	rpm_store_values values;
	rpm_store_tables tables;	/* of values */
	int			threads;
	rpm_store_scratch *scratch;	/* one for each thread */
	int			count;			/* parameters fitted */
	uint32_t   *index;			/* of each, in calibration->parameters */
	int32_t    *place;			/* of each parameter among those fitted, or -1 */
	double	   *z, *prior, *sd, *low, *high;	/* of those fitted, in the scale of the fit */
	double	   *normal, *slope;	/* count x count, count: with the priors */
	double	   *thread_sums;	/* threads x (count x count + count + 1) */
	double	   *levels, *sorted;	/* cells */
	double	   *weights;		/* cells: 0 for those that are not fitted */
	size_t		fitted_cells, censored_cells;
	double		scale_db;
	double		cost;
	size_t		stride;			/* one of so many cells is summed, for all */
	bool		with_normal;
	double		damping;
	bool		settled;		/* the scale stays */
	bool		smooth;			/* the last step was good at once */
	double	   *bottoms;		/* other bottoms that were tried: the cost, then z; on the cells of the look */
	size_t		bottom_count;
	double		bottom_cost;	/* of the one that was gone to */
	int			looks;			/* for other bottoms of buildings that are left */
	bool		fresh;			/* cost, normal and slope are those of z */
	unsigned	want;			/* or of rpm_store_want: what the method fits */
} rpm_fit_work;

/* Whether a measured level says no more than "weaker". */
static inline bool
rpm_fit_at_floor(const rpm_calibrate_options *options, double level_dbm)
{
	return level_dbm <= options->floor_dbm;
}

/* Which parameters the method fits: those that some fitted cell depends on; index, place, count, z, prior, sd, bounds. */
rpm_code	rpm_fit_choose(rpm_fit_work *work, rpm_status *status);

/* work->weights: the cells' own, shared among those that err together.  Errors: RPM_OUT_OF_MEMORY. */
rpm_code	rpm_fit_weigh(rpm_fit_work *work, rpm_status *status);

/* Takes z for the values of those fitted. */
void		rpm_fit_set(rpm_fit_work *work, const double *z);

/* Which walls have tables: anew when the parameters that are fitted are known. */
rpm_code	rpm_fit_tabulate(rpm_fit_work *work, rpm_status *status);

/* Levels of the cells that are fitted and the cost; with_normal: the normal equations too, priors included. */
rpm_code	rpm_fit_sum(rpm_fit_work *work, bool with_normal, rpm_status *status);

/* The loss of a cell at a level, without its weight. */
double		rpm_fit_loss(const rpm_fit_work *work, double level_dbm, double measured_dbm);

/* Levels of the cells that are fitted, of those held out, or (an or) of both. */
enum rpm_fit_cells
{
	RPM_FIT_CELLS = 1,
	RPM_FIT_HELD_OUT = 2
};
rpm_code	rpm_fit_levels(rpm_fit_work *work, unsigned which, rpm_status *status);

/* Whether a cell is in the sample of one in `stride`: spread as at random, so that no order of the rows is seen one-sidedly. */
static inline bool
rpm_fit_sampled(const rpm_fit_work *work, size_t cell)
{
	return work->stride == 1 || ((uint32_t) cell * UINT32_C(2654435761) >> 8) % work->stride == 0;
}

/* The residuals' scale from work->levels: their median, with the weight of 20 cells of 8 dB for a beginning. */
void		rpm_fit_find_scale(rpm_fit_work *work);

/* Tries other permittivities of slabs; *moved: one was better and is set.  Fills work->bottoms. */
rpm_code	rpm_fit_scan(rpm_fit_work *work, bool *moved, rpm_status *status);

/* Adds to the variance of each fitted parameter what the bottoms that were tried leave open. */
void		rpm_fit_add_bottoms(const rpm_fit_work *work, double *variance);

/* Takes buildings to other bottoms of their permittivity; *moved: the cost fell.  Needs work->cost and work->normal. */
rpm_code	rpm_fit_move_buildings(rpm_fit_work *work, bool *moved, rpm_status *status);

/* Adds to the variance of each building's permittivity what other bottoms of it do.  Needs work->normal. */
rpm_code	rpm_fit_spread(rpm_fit_work *work, double *variance, rpm_status *status);

/*
 * Takes floors of patterns that the cost knows from one side only to the mean of what is likely; variance: of each such floor, all else as
 * it is (others are left).
 */
rpm_code	rpm_fit_floors(rpm_fit_work *work, double *variance, rpm_status *status);

/*
 * Coordinates that steps are taken in: z itself, or the embedding's vectors.
 */
typedef struct rpm_fit_embedding
{
	int			count;			/* of coordinates */
	double	   *x;				/* coordinates */
	double	   *trial;
	double	   *jacobian;		/* of z, work->count x count; NULL: z itself */
	double	   *system, *step;	/* count x count, count */
	double	   *product;		/* work->count x count */
} rpm_fit_embedding;

/* embedded: vectors, else z itself. */
rpm_code	rpm_fit_embedding_create(const rpm_fit_work *work, bool embedded, rpm_fit_embedding *embedding, rpm_status *status);
void		rpm_fit_embedding_free(rpm_fit_embedding *embedding);
/* The normal equations in the coordinates, damped, solved: embedding->trial = x + step and the z there; false when they cannot be. */
bool		rpm_fit_embedding_step(const rpm_fit_work *work, rpm_fit_embedding *embedding, double damping, double *z);
void		rpm_fit_embedding_accept(rpm_fit_embedding *embedding);
/* Coordinates anew at work->z. */
void		rpm_fit_embedding_restart(const rpm_fit_work *work, rpm_fit_embedding *embedding);

/* One round: the normal equations where it stands, then steps, more and more damped, until the cost falls. */
rpm_code	rpm_fit_round(rpm_fit_work *work, rpm_fit_embedding *embedding, bool *ended, rpm_status *status);

#endif
