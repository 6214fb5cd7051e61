/*
 * rpm_calibrate.h: what the tracer learns from the levels measured at one site: antennas, materials, buildings.
 *
 * The rays from the site to the measured cells are traced once and kept as a store of paths (departure, length, events).  The level of a
 * cell is then a smooth function of the parameters below, computed from the store alone with its gradient by hand-derived adjoints, and
 * fitted by Levenberg-Marquardt steps on
 *     sum over cells rho((measured - level) / s) + sum over parameters ((z - prior) / sd)^2 / 2,
 * z the parameter (its logarithm where that is said), s the residuals' scale, found anew in each round.
 * Priors and bounds: docs/calibration.md; Recommendation ITU-R P.2040-3 for materials, the data sheet's usual tolerances for antennas.
 */
#ifndef RPM_CALIBRATE_H
#define RPM_CALIBRATE_H

#include "rpm_trace.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum rpm_calibrate_method
{
	RPM_CALIBRATE_A = 0,		/* antennas */
	RPM_CALIBRATE_M,			/* one pair of constants for each material */
	RPM_CALIBRATE_AM,			/* both */
	RPM_CALIBRATE_AMV,			/* both, each constant a product of an embedding and a shared read-out vector */
	RPM_CALIBRATE_BUILDING		/* both, and a pair of constants for each building, tied to its material's by a prior */
} rpm_calibrate_method;

typedef enum rpm_calibrate_loss
{
	RPM_LOSS_SQUARE = 0,
	RPM_LOSS_HUBER,				/* k = 1.345 */
	RPM_LOSS_STUDENT			/* 4 degrees of freedom */
} rpm_calibrate_loss;

/* Where the level over the roofs stands in: by an empirical formula and, with the mechanism RPM_OVER_ROOFS, by the roofs on the way. */
typedef enum rpm_over_roofs
{
	RPM_OVER_ROOFS_HOLES = 0,	/* in cells that no path reaches */
	RPM_OVER_ROOFS_SHADOW		/* in all cells out of sight of the antenna, its power added to that of the paths */
} rpm_over_roofs;

/* Kinds of parameters; owner is an index: of the antenna, the material or the building of the scene, 0 for the site's. */
typedef enum rpm_parameter_kind
{
	RPM_PARAMETER_AZIMUTH_DEG = 0,	/* of boresight, clockwise from the grid's north */
	RPM_PARAMETER_TILT_DEG,		/* mechanical, down is positive */
	RPM_PARAMETER_HORIZONTAL_BEAMWIDTH_DEG,	/* this and the next two: TR 38.901 patterns only; logarithmic */
	RPM_PARAMETER_VERTICAL_BEAMWIDTH_DEG,
	RPM_PARAMETER_SIDE_LOBE_FLOOR_DB,
	RPM_PARAMETER_FRONT_TO_BACK_DB,
	RPM_PARAMETER_GAIN_DBI,
	RPM_PARAMETER_OFFSET_DB,	/* added to the level of the antenna: power and cables as they are */
	RPM_PARAMETER_ROOF_OFFSET_DB,	/* of the site: added to the level over the roofs */
	RPM_PARAMETER_ROOF_SLOPE_DB,	/* and for each decade of distance beyond 300 m */
	RPM_PARAMETER_ROOF_SHARE,	/* how much of the traced way over the roofs is in that level, in dB: 0 the formula alone, 1 as traced */
	RPM_PARAMETER_INDOOR_LOSS_DB,	/* of the site: taken from the level of cells that lie indoors */
	RPM_PARAMETER_PERMITTIVITY,	/* of a material: factor on eps' - 1, logarithmic */
	RPM_PARAMETER_CONDUCTIVITY,	/* factor, logarithmic */
	RPM_PARAMETER_THICKNESS,	/* factor, logarithmic; slabs only */
	RPM_PARAMETER_SCATTERING,	/* the coefficient S, in the logistic scale; materials that scatter only */
	RPM_PARAMETER_BUILDING_PERMITTIVITY,	/* of a building: factors beside those of its materials, logarithmic */
	RPM_PARAMETER_BUILDING_CONDUCTIVITY,
	RPM_PARAMETER_KINDS
} rpm_parameter_kind;

typedef struct rpm_parameter
{
	int			kind;			/* rpm_parameter_kind */
	int32_t		owner;
	double		value;			/* in the kind's unit */
	double		prior;			/* before the measurements, same unit */
	double		prior_sd;		/* in the scale of the fit: of the logarithm where the kind says so */
	double		lowest, highest; /* bounds, unit of value */
	double		standard_error;	/* in the scale of the fit; of a parameter that was not fitted prior_sd */
	double		learned;		/* 1 - posterior variance / prior variance: 0 nothing, 1 all from the measurements */
	bool		fitted;			/* part of the method; false: it keeps its prior */
	bool		identifiable;	/* learned is at least one half */
	bool		at_bound;
} rpm_parameter;

typedef struct rpm_calibrate_antenna
{
	rpm_antenna antenna;		/* local position; antennas nearer than 10 cm to each other and of one frequency share their paths */
	double		rs_power_dbm, losses_db;
	const rpm_material *materials;	/* at the antenna's frequency, indexed as scene->materials */
} rpm_calibrate_antenna;

/* A measured cell of an antenna. */
typedef struct rpm_calibrate_cell
{
	double		x_m, y_m;		/* its centre, local */
	int32_t		antenna;		/* index */
	double		level_dbm;		/* at or below floor_dbm: weaker than that.  NaN: only predicted */
	double		weight;			/* 1: an ordinary cell; 0: held out, judged but not fitted */
} rpm_calibrate_cell;

typedef struct rpm_calibrate_input
{
	const rpm_scene *scene;
	const rpm_query *query;
	const rpm_calibrate_antenna *antennas;
	int			antenna_count;
	const rpm_calibrate_cell *cells;
	size_t		cell_count;
	double		cell_m;			/* edge of a cell: where its centre is indoors an outdoor point of it is looked for */
	double		receiver_height_m;	/* above ground */
} rpm_calibrate_input;

typedef struct rpm_store_options
{
	unsigned	mechanisms;		/* or of rpm_mechanism; RPM_OVER_ROOFS: where over_roofs has a level */
	int			max_depth;		/* reflections, or walls passed straight */
	int64_t		samples;		/* rays that propose chains of two and more reflections */
	int			scatter_points;	/* places on walls from which a cell receives diffuse power */
	uint64_t	seed;
	int			over_roofs;		/* rpm_over_roofs */
	double		weakest_db;		/* paths so much below the strongest of their cell are left out; default 50 */
} rpm_store_options;

/* The paths of all cells, read-only once built. */
typedef struct rpm_path_store rpm_path_store;

typedef struct rpm_store_counts
{
	size_t		cells, paths, events;
	size_t		cells_without_path;	/* the level over the roofs stands in */
	size_t		cells_indoors;
	size_t		bytes;
} rpm_store_counts;

void		rpm_store_options_default(rpm_store_options *options);

/*
 * Traces and keeps; *store is the caller's (rpm_path_store_free).  The input's arrays must outlive it.  The same seed gives the same store
 * for any number of threads.  Errors: RPM_INVALID_ARGUMENT (a cell that is not finite, an antenna inside a building or below ground),
 * RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY, RPM_CANCELLED.
 */
rpm_code	rpm_path_store_build(const rpm_calibrate_input *input, const rpm_store_options *options, rpm_control *control,
								 rpm_path_store **store, rpm_status *status);
void		rpm_path_store_free(rpm_path_store *store);
rpm_store_counts rpm_path_store_counts(const rpm_path_store *store);

typedef struct rpm_calibrate_options
{
	int			method;			/* rpm_calibrate_method */
	int			loss;			/* rpm_calibrate_loss */
	double		floor_dbm;		/* of the receiver; NaN: none */
	int			max_iterations;
	/*
	 * Cells of an antenna in one square of so many metres err together and count as one: without this hundreds of neighbours that a
	 * building shades alike would outvote every prior.  0: each cell errs by itself.
	 */
	double		correlation_m;
	uint64_t	seed;			/* of the embedding's start */
} rpm_calibrate_options;

/* How far levels were from what was measured; cells at the floor count where the level is above it. */
typedef struct rpm_calibrate_fitness
{
	size_t		count;			/* cells above the floor */
	size_t		censored;		/* cells at the floor */
	double		rmse_db, mae_db, bias_db;	/* level - measured; NaN without cells */
} rpm_calibrate_fitness;

typedef struct rpm_calibration
{
	rpm_parameter *parameters;
	size_t		parameter_count;
	double		scale_db;		/* robust standard deviation of a residual */
	int			iterations;
	bool		converged;
	rpm_calibrate_fitness fitted_before, fitted_after, held_out_before, held_out_after;
} rpm_calibration;

void		rpm_calibrate_options_default(rpm_calibrate_options *options);

/* The parameters of a store at their priors, none fitted.  The caller may change values to start from (within bounds). */
rpm_code	rpm_calibration_create(const rpm_path_store *store, rpm_calibration *calibration, rpm_status *status);
void		rpm_calibration_free(rpm_calibration *calibration);

/*
 * Fits, from calibration's values on, those parameters that are the method's and that some path touches.
 * Errors: RPM_INVALID_ARGUMENT (no cell to fit, all at the floor), RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY, RPM_CANCELLED.
 */
rpm_code	rpm_calibrate(const rpm_path_store *store, const rpm_calibrate_options *options, rpm_control *control,
						  rpm_calibration *calibration, rpm_status *status);

/* The levels of all cells with these parameters, dBm. */
rpm_code	rpm_calibration_levels(const rpm_path_store *store, const rpm_calibration *calibration, rpm_control *control,
								   double *level_dbm, rpm_status *status);

/*
 * The level of one cell and its derivative with respect to each parameter in the scale of the fit (parameter_count doubles), by the
 * adjoints that the fit uses.
 */
rpm_code	rpm_calibration_gradient(const rpm_path_store *store, const rpm_calibration *calibration, size_t cell, double *level_dbm,
									 double *gradient, rpm_status *status);

/* A parameter's value in the scale of the fit, and back. */
double		rpm_parameter_to_fit(int kind, double value);
double		rpm_parameter_from_fit(int kind, double z);

#ifdef __cplusplus
}
#endif
#endif
