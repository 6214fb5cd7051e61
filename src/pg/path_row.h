/* path_row.h: a path as a row of rpm_paths, and its derivatives as one of rpm_path_derivatives. */
#ifndef RPM_PG_PATH_ROW_H
#define RPM_PG_PATH_ROW_H

#include "postgres.h"

#include "nodes/execnodes.h"

#include "rpm_path_derivatives.h"

typedef enum RpmReceivePolarisation
{
	RPM_RECEIVE_BOTH = 0,		/* powers of both added; the path has no one phase */
	RPM_RECEIVE_VERTICAL,
	RPM_RECEIVE_HORIZONTAL
} RpmReceivePolarisation;

typedef struct RpmPathRowFormat
{
	const rpm_scene *scene;
	char	  **material_names;
	int32		srid;
	rpm_vec3	transmitter, receiver;	/* local */
	double		convergence_at_antenna_deg, convergence_at_point_deg;
	RpmReceivePolarisation polarisation;
} RpmPathRowFormat;

/* Grid convergence at a point, degrees. */
extern double rpm_convergence_at(Datum point);

/* Sorts paths by the gain that their rows will show, strongest first. */
extern void rpm_path_rows_sort(const RpmPathRowFormat *format, rpm_path_list *paths);

/* Appends a path to a materialized result. */
extern void rpm_path_row_put(ReturnSetInfo *result, const RpmPathRowFormat *format, int32 number, const rpm_path *path);
extern void rpm_path_derivative_row_put(ReturnSetInfo *result, const RpmPathRowFormat *format, int32 number, const rpm_path *path,
										const rpm_path_derivatives *derivatives);

/* The letters of a path's interactions, as text. */
extern Datum rpm_path_kinds(const rpm_path *path);

#endif
