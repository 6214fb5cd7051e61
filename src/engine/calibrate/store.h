/*
 * store.h: the store of paths: what the rooms of the calibration share.
 *
 * A path is linear in the field that leaves the antenna, and multilinear in the walls' coefficients.  So a chain of walls is kept as a
 * turn of the transverse basis before each wall and the cosine of its incidence, and a path over an edge as five 2 x 2 matrices.
 * Transverse bases are (u, u x k): two numbers make a field.
 */
#ifndef RPM_CALIBRATE_STORE_H
#define RPM_CALIBRATE_STORE_H

#include "rpm_calibrate.h"
#include "rpm_em.h"
#include "rpm_pattern_gradient.h"

#define RPM_STORE_GROUPS 3
/* Edge: the field without its faces, then with r_te and r_tm of face 0, of face n, each alone and 1. */
#define RPM_STORE_MATRICES 5

typedef enum rpm_event_kind
{
	RPM_EVENT_REFLECTION = 0,
	RPM_EVENT_TRANSMISSION,
	RPM_EVENT_SCATTERING,
	RPM_EVENT_FACE				/* of an edge */
} rpm_event_kind;

typedef struct rpm_stored_event
{
	int32_t		material, building;
	float		cosine;			/* of the incidence */
	float		turn_cos, turn_sin;	/* of the new basis within the old one */
	float		lobe;			/* scattering: f_s and the patch behind it, power */
	uint8_t		kind;			/* rpm_event_kind */
} rpm_stored_event;

typedef enum rpm_stored_path_kind
{
	RPM_STORED_CHAIN = 0,
	RPM_STORED_EDGE,
	RPM_STORED_ROOF				/* power: factor[0], without the antenna's pattern */
} rpm_stored_path_kind;

typedef struct rpm_stored_path
{
	float		departure[3];
	float		in_u[3];		/* first basis, at the departure */
	float		out_u[3], out_p[3];	/* last basis, at the arrival */
	float		factor[2];		/* lambda / 4 pi, spreading and phase */
	float		decades;		/* roof: of distance beyond 300 m */
	float		traced_db;		/* roof: how far the traced way lies above the formula */
	float		length_m;
	float		share[RPM_STORE_GROUPS];	/* amplitudes added as fields within a group of the cell */
	float		alone;			/* power added by itself */
	uint8_t		group[RPM_STORE_GROUPS];
	uint8_t		kind;			/* rpm_stored_path_kind */
	uint8_t		event_count;
	uint32_t	first_event;
	uint32_t	matrix;			/* of an edge */
} rpm_stored_path;

typedef struct rpm_stored_matrices
{
	float		m[RPM_STORE_MATRICES][2][2][2];	/* out, in, re and im */
} rpm_stored_matrices;

/* A measured place as seen from one mast. */
typedef struct rpm_stored_place
{
	uint32_t	first_path, path_count;
	uint8_t		group_count;
	bool		indoors;
	double		x_m, y_m;		/* centre of the cell */
	int32_t		mast;
} rpm_stored_place;

/* Antennas at one point and of one frequency. */
typedef struct rpm_store_mast
{
	rpm_vec3	position;
	double		frequency_hz, wavelength_m;
	int32_t		antenna;		/* the first of its antennas */
} rpm_store_mast;

typedef struct rpm_store_arena
{
	rpm_stored_path *paths;
	rpm_stored_event *events;
	rpm_stored_matrices *matrices;
	size_t		path_count, event_count, matrix_count;
	size_t		path_room, event_room, matrix_room;
	int64_t    *bytes_left;		/* atomic; NULL: no limit */
	bool		failed;			/* no memory or none left of the limit */
} rpm_store_arena;

struct rpm_path_store
{
	rpm_calibrate_input input;
	rpm_store_options options;
	int			mast_count;
	rpm_store_mast *masts;
	int32_t    *mast_of_antenna;
	size_t		place_count;
	rpm_stored_place *places;
	uint32_t   *place_of_cell;
	rpm_store_arena all;
	rpm_store_counts counts;
	size_t		parameter_count;
	size_t		first_of_site, first_of_materials, first_of_buildings;	/* parameters: antennas first, 8 each */
};

/* Numbers of parameters: of an antenna RPM_PARAMETER_AZIMUTH_DEG .. OFFSET_DB, of the site, of a material 4, of a building 2. */
#define RPM_ANTENNA_PARAMETERS 8
#define RPM_SITE_PARAMETERS 4
#define RPM_MATERIAL_PARAMETERS 4
#define RPM_BUILDING_PARAMETERS 2

static inline size_t
rpm_antenna_parameter(int32_t antenna, int kind)
{
	return (size_t) antenna * RPM_ANTENNA_PARAMETERS + (size_t) (kind - RPM_PARAMETER_AZIMUTH_DEG);
}

static inline size_t
rpm_site_parameter(const rpm_path_store *store, int kind)
{
	return store->first_of_site + (size_t) (kind - RPM_PARAMETER_ROOF_OFFSET_DB);
}

static inline size_t
rpm_material_parameter(const rpm_path_store *store, int32_t material, int kind)
{
	return store->first_of_materials + (size_t) material * RPM_MATERIAL_PARAMETERS + (size_t) (kind - RPM_PARAMETER_PERMITTIVITY);
}

static inline size_t
rpm_building_parameter(const rpm_path_store *store, int32_t building, int kind)
{
	return store->first_of_buildings + (size_t) building * RPM_BUILDING_PARAMETERS
		+ (size_t) (kind - RPM_PARAMETER_BUILDING_PERMITTIVITY);
}

/* Room for one more of each; false (and arena->failed) when there is none. */
rpm_stored_path *rpm_arena_path(rpm_store_arena *arena);
rpm_stored_event *rpm_arena_event(rpm_store_arena *arena);
rpm_stored_matrices *rpm_arena_matrices(rpm_store_arena *arena);
void		rpm_arena_free(rpm_store_arena *arena);

/* The paths of one mast's places (store_paths.c); from place `first` on, `count` of them. */
rpm_code	rpm_store_trace(rpm_path_store *store, int mast, size_t first, size_t count, rpm_control *control, int64_t *bytes_left,
							rpm_status *status);

/* A material at the frequency of an antenna. */
typedef struct rpm_store_wall
{
	double		eps_above_1, eta_im, thickness_m, scattering;
} rpm_store_wall;

/* The parameters as the evaluation takes them. */
typedef struct rpm_store_values
{
	rpm_antenna *antennas;
	rpm_antenna_frame *frames;
	double	   *offset_db;		/* power, losses and offset */
	rpm_store_wall *walls;		/* antennas x materials */
	double	   *building_permittivity, *building_conductivity;	/* factors */
	double		roof_offset_db, roof_slope_db, roof_share, indoor_loss_db;
	const struct rpm_store_tables *tables;	/* of these values (tables.h), or NULL: each coefficient is computed */
} rpm_store_values;

rpm_code	rpm_store_values_create(const rpm_path_store *store, rpm_store_values *values, rpm_status *status);
void		rpm_store_values_set(const rpm_path_store *store, const rpm_parameter *parameters, rpm_store_values *values);
void		rpm_store_values_free(rpm_store_values *values);

/* A sparse gradient: by[index] over all parameters, 0 but at the `count` indices of touched. */
typedef struct rpm_store_gradient
{
	double	   *by;
	uint32_t   *touched;
	uint8_t    *is_touched;
	size_t		count;
} rpm_store_gradient;

/* Room for the fields of one cell's paths; one for each thread. */
typedef struct rpm_store_scratch
{
	void	   *states;
	size_t		state_room;
	rpm_store_gradient gradient;
} rpm_store_scratch;

rpm_code	rpm_store_scratch_create(const rpm_path_store *store, rpm_store_scratch *scratch, rpm_status *status);
void		rpm_store_scratch_free(rpm_store_scratch *scratch);
void		rpm_store_gradient_clear(rpm_store_gradient *gradient);

/* Which derivatives are wanted. */
enum rpm_store_want
{
	RPM_WANT_ANTENNAS = 1,		/* and the site's */
	RPM_WANT_WALLS = 2
};

/*
 * The level of a cell, dBm; want (an or): scratch->gradient by the parameters in the scale of the fit.  false when nothing arrives
 * (the pattern's null): the level is then -infinity and the gradient 0.
 */
bool		rpm_store_level(const rpm_path_store *store, const rpm_store_values *values, size_t cell, unsigned want,
							rpm_store_scratch *scratch, double *level_dbm);

#endif
