/*
 * reference_wedge.c: the map's diffraction as the reference maps have it, to show by how much the definitions differ.
 *
 * Linked before the engine's library it stands for map_diffraction.c, whose text it holds.
 *
 * Coefficients, found by fitting to the reference maps: R_0 (D_1 - D_4) + R_n (D_2 - D_3) with R the slab's reflection in the edge-fixed
 * bases and -1 for the perfect conductor in both polarisations, R_n = -1 while face n is dark.  For the electric field across the edge
 * this takes the reflected term with the other sign than continuity at the reflection boundary asks for: near grazing incidence it
 * doubles the field where the reflected ray cancels the direct one.
 *
 * Edges: the reference finds them by first hits and keeps them in a table of limited size.  An edge that would light points which no
 * reference ray reached (no value in the map) is one that it lacks.
 */
#include "reference_wedge.h"

#include <stdlib.h>

/* An edge is lacking when it gives so many points without a reference value more than this path gain. */
#define LACKING_POINTS 4
#define LACKING_GAIN 1e-13

static int	mode;
static const reference_grid *reference;
static uint32_t *unseen;		/* per wedge: points without a reference value that it lights */
static size_t unseen_count;

static rpm_diffraction reference_wedge_field(const rpm_wedge_rays *rays, double s_in, double s_out, double wavelength_m, rpm_cvec3 e,
											 rpm_interface c_0, rpm_interface c_n);

#define rpm_wedge_field reference_wedge_field
#define rpm_map_edges engine_edges
#define rpm_map_edge_field engine_edge_field
#include "trace/map_diffraction.c"
#undef rpm_wedge_field
#undef rpm_map_edges
#undef rpm_map_edge_field

static rpm_cvec3 face_matrix(const rpm_wedge_rays *rays, rpm_vec3 normal, int departing, rpm_interface c, rpm_cvec3 e);
static rpm_cvec3 carried(const rpm_wedge_rays *rays, rpm_cvec3 e, double along_phi, double along_beta);

void
reference_wedge_mode(int new_mode, const reference_grid *grid, size_t wedge_count)
{
	mode = new_mode;
	reference = grid;
	if (mode == REFERENCE_WEDGE_FIND)
	{
		free(unseen);
		unseen = calloc(wedge_count + 1, sizeof *unseen);
		unseen_count = wedge_count;
	}
}

size_t
reference_wedge_lacking(void)
{
	size_t		lacking = 0;

	for (size_t i = 0; i < unseen_count; i++)
		lacking += unseen[i] >= LACKING_POINTS;
	return lacking;
}

rpm_code
rpm_map_edges(const rpm_map_job *job, rpm_map_edge **edges, size_t *count, rpm_status *status)
{
	rpm_code	code = engine_edges(job, edges, count, status);
	size_t		kept = 0;

	if (code != RPM_OK || mode != REFERENCE_WEDGE_WITHOUT)
		return code;
	for (size_t i = 0; i < *count; i++)
		if (unseen[(*edges)[i].wedge] < LACKING_POINTS)
			(*edges)[kept++] = (*edges)[i];
	*count = kept;
	return RPM_OK;
}

bool
rpm_map_edge_field(const rpm_map_job *job, const rpm_map_edge *edge, rpm_vec3 point, rpm_map_diffracted *diffracted)
{
	int			column, row;

	if (!engine_edge_field(job, edge, point, diffracted))
		return false;
	if (mode != REFERENCE_WEDGE_FIND || rpm_cvec_norm2(diffracted->field) < LACKING_GAIN)
		return true;
	column = (int) floor((point.x - job->grid->west) / job->grid->cell_width_m);
	row = (int) floor((job->grid->north - point.y) / job->grid->cell_height_m);
	if (reference->path_gain_db[row * reference->columns + column] < -9000)
		__atomic_fetch_add(&unseen[edge->wedge], 1, __ATOMIC_RELAXED);
	return true;
}

static rpm_diffraction
reference_wedge_field(const rpm_wedge_rays *rays, double s_in, double s_out, double wavelength_m, rpm_cvec3 e,
					  rpm_interface c_0, rpm_interface c_n)
{
	rpm_diffraction d = rpm_wedge_field(rays, s_in, s_out, wavelength_m, e, c_0, c_n);
	double		k = 2 * RPM_PI / wavelength_m, k_l = k * s_in * s_out / (s_in + s_out) * rays->sin_beta * rays->sin_beta;
	double		difference = rays->phi_out - rays->phi_in, sum = rays->phi_out + rays->phi_in, unused = 1e30;
	double		front = 1 / (2 * rays->n * sqrt(2 * RPM_PI * k) * rays->sin_beta) / sqrt(s_in * s_out * (s_in + s_out));
	bool		from_0 = rays->phi_in <= rays->n * RPM_PI / 2;
	double		near_face = from_0 ? rays->phi_in : rays->n * RPM_PI - rays->phi_in;
	bool		far_lit = rays->n * RPM_PI < RPM_PI + near_face;
	int			lit;
	rpm_complex d1 = rpm_utd_term(RPM_PI + difference, rays->n, k_l, 0, &unused, &lit);
	rpm_complex d2 = rpm_utd_term(RPM_PI - difference, rays->n, k_l, 0, &unused, &lit);
	rpm_complex d3 = rpm_utd_term(RPM_PI + sum, rays->n, k_l, 1, &unused, &lit);
	rpm_complex d4 = rpm_utd_term(RPM_PI - sum, rays->n, k_l, 0, &unused, &lit);
	rpm_cvec3	r_0 = face_matrix(rays, rays->normal_0, rays->departing_0, c_0, e);
	rpm_cvec3	r_n = face_matrix(rays, rays->normal_n, rays->departing_n, c_n, e);
	rpm_cvec3	dark = carried(rays, e, -1, -1);

	if (mode == REFERENCE_WEDGE_OURS)
		return d;
	if (!far_lit && from_0)
		r_n = dark;
	if (!far_lit && !from_0)
		r_0 = dark;
	d.incident_part = rpm_cvec_add(rpm_cvec_mul(r_0, rpm_cx_sub(d1, d4)), rpm_cvec_mul(r_n, rpm_cx_sub(d2, d3)));
	d.incident_part = rpm_cvec_scale(d.incident_part, front);
	d.reflected_part_0 = d.reflected_part_n = rpm_cvec_zero();
	return d;
}

/* A face's reflection between edge-fixed bases, with -1 for the perfect conductor also across the edge. */
static rpm_cvec3
face_matrix(const rpm_wedge_rays *rays, rpm_vec3 normal, int departing, rpm_interface c, rpm_cvec3 e)
{
	rpm_vec3	phi, beta;
	rpm_cvec3	reflected = rpm_wedge_reflect(rays, normal, departing, c, e);

	rpm_edge_basis(rays->edge, rays->k_out, &phi, &beta);
	return rpm_cvec_add(rpm_cvec(beta, rpm_cvec_dot(reflected, beta)), rpm_cvec(phi, rpm_cx_scale(rpm_cvec_dot(reflected, phi), -1)));
}

/* The field with its components across and along the edge kept, times a factor each. */
static rpm_cvec3
carried(const rpm_wedge_rays *rays, rpm_cvec3 e, double along_phi, double along_beta)
{
	rpm_vec3	phi, beta, phi_out, beta_out;

	rpm_edge_basis(rays->edge, rays->k_in, &phi, &beta);
	rpm_edge_basis(rays->edge, rays->k_out, &phi_out, &beta_out);
	return rpm_cvec_add(rpm_cvec(phi_out, rpm_cx_scale(rpm_cvec_dot(e, phi), along_phi)),
						rpm_cvec(beta_out, rpm_cx_scale(rpm_cvec_dot(e, beta), along_beta)));
}
