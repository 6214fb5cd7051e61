/*
 * evaluate.h: one cell while it is evaluated: what the level with its gradient (evaluate.c) and the profiles over walls (profile.c) share.
 */
#ifndef RPM_CALIBRATE_EVALUATE_H
#define RPM_CALIBRATE_EVALUATE_H

#include "calibrate/sent.h"
#include "calibrate/tables.h"
#include "rpm_level.h"

/* group_count of a place has eight bits. */
#define RPM_STORE_MOST_GROUPS 256

/* A wall as a ray meets it: its coefficients and what they depend on. */
typedef struct rpm_wall_state
{
	rpm_wall_pair value, by_eta, by_thickness;	/* derivatives only where walls are wanted */
	rpm_complex before[2];		/* the field in the wall's basis */
	double		eps_above_1, eta_im, thickness_m, scattering, amplitude;
} rpm_wall_state;

typedef struct rpm_path_state
{
	rpm_sent	sent;			/* the antenna's field */
	double		first[2];		/* in the first basis: an antenna's field is real */
	rpm_cvec3	field;			/* at the cell */
	double		roof_power;
	size_t		wall;			/* first of its walls in the scratch */
} rpm_path_state;

/* One evaluation. */
typedef struct rpm_cell_work
{
	const rpm_path_store *store;
	const rpm_store_values *values;
	const rpm_stored_place *place;
	int32_t		antenna;
	double		wavelength_m;
	unsigned	want;			/* or of rpm_store_want */
	const rpm_store_wall *materials;
	rpm_path_state *paths;
	rpm_wall_state *walls;
	size_t		wall_count;
	rpm_store_gradient *gradient;
	double		power;			/* of the cell */
	double		sent_by[RPM_ANTENNA_NUMBERS];	/* of the level, summed over the paths */
} rpm_cell_work;

/* The level with the fields of all paths, and of the groups; false when nothing arrives. */
bool		rpm_cell_forward(const rpm_path_store *store, const rpm_store_values *values, size_t cell, unsigned want,
							 rpm_store_scratch *scratch, rpm_cell_work *work, rpm_cvec3 *groups, double *level_dbm);

/* The coefficients of a wall with the values as they are. */
void		rpm_wall_forward(rpm_cell_work *work, const rpm_stored_event *event, rpm_wall_state *wall);

/* A path's field at the cell by the states of its walls. */
void		rpm_path_field(rpm_cell_work *work, const rpm_stored_path *path, rpm_path_state *state);

/* A row of an edge's matrix times the field in the first basis. */
static inline rpm_complex
rpm_matrix_row(float (*row)[2], const double *x)
{
	return rpm_cx(row[0][0] * x[0] + row[1][0] * x[1], row[0][1] * x[0] + row[1][1] * x[1]);
}

/* The factors of an edge's matrices: 1, then each face's coefficients with its amplitude. */
static inline void
rpm_edge_factors(const rpm_wall_state *faces, rpm_complex *factors)
{
	factors[0] = rpm_cx(1, 0);
	for (int f = 0; f < 2; f++)
	{
		factors[1 + 2 * f] = rpm_cx_scale(faces[f].value.te, faces[f].amplitude);
		factors[2 + 2 * f] = rpm_cx_scale(faces[f].value.tm, faces[f].amplitude);
	}
}

/* The level of a power that arrives. */
static inline double
rpm_cell_level(const rpm_cell_work *work, double power)
{
	return rpm_decibels(power) + work->values->offset_db[work->antenna] - (work->place->indoors ? work->values->indoor_loss_db : 0);
}

#endif
