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
 * Edges: the reference finds them by the first hits of its rays; one that no ray came near lacks.  REFERENCE_WEDGE_FOUND leaves such edges
 * out here too, by a list of those it found.
 */
#include "reference_wedge.h"

#include <stdio.h>
#include <stdlib.h>

/* The list and the scene give coordinates to 1 mm; an edge of ours may be several of theirs in one line. */
#define SAME_PLACE_M 0.01

typedef struct found_edge { rpm_vec3 start, end; } found_edge;

/* What of an edge of ours is on the list: places along it. */
typedef struct found_stretch { double from, to; int next; } found_stretch;

static int	mode;
static found_edge *found;
static size_t found_count;
static int *first_stretch;		/* per wedge: 1 + its place among the stretches, 0 at the end */
static found_stretch *stretches;

static rpm_diffraction reference_wedge_field(const rpm_wedge_rays *rays, double s_in, double s_out, double wavelength_m, rpm_cvec3 e,
											 rpm_interface c_0, rpm_interface c_n);

#define rpm_wedge_field reference_wedge_field
#define rpm_map_edges engine_edges
#define rpm_map_edge_field engine_edge_field
#include "trace/map_diffraction.c"
#undef rpm_wedge_field
#undef rpm_map_edges
#undef rpm_map_edge_field

static void find_stretches_of(const rpm_wedge *wedge, int *first, size_t *count);
static rpm_cvec3 face_matrix(const rpm_wedge_rays *rays, rpm_vec3 normal, int departing, rpm_interface c, rpm_cvec3 e);
static rpm_cvec3 carried(const rpm_wedge_rays *rays, rpm_cvec3 e, double along_phi, double along_beta);

void
reference_wedge_mode(int new_mode)
{
	mode = new_mode;
}

size_t
reference_wedge_read(const char *path, rpm_vec3 origin)
{
	FILE	   *file = fopen(path, "r");
	char		line[256];
	size_t		capacity = 0;

	found_count = 0;
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
	{
		rpm_vec3	a, b;

		if (sscanf(line, "%lf,%lf,%lf,%lf,%lf,%lf", &a.x, &a.y, &a.z, &b.x, &b.y, &b.z) != 6)
			continue;
		if (found_count == capacity)
		{
			capacity = 2 * capacity + 1024;
			found = realloc(found, capacity * sizeof *found);
			if (found == NULL)
				abort();
		}
		found[found_count++] = (found_edge) {rpm_add(a, origin), rpm_add(b, origin)};
	}
	if (file != NULL)
		fclose(file);
	return found_count;
}

rpm_code
rpm_map_edges(const rpm_map_job *job, rpm_map_edge **edges, size_t *count, rpm_status *status)
{
	rpm_code	code = engine_edges(job, edges, count, status);
	size_t		stretch_count = 0;

	if (code != RPM_OK || mode != REFERENCE_WEDGE_FOUND)
		return code;
	free(first_stretch);
	first_stretch = calloc(job->scene->wedge_count + 1, sizeof *first_stretch);
	for (size_t i = 0; i < *count && first_stretch != NULL; i++)
		find_stretches_of(&job->scene->wedges[(*edges)[i].wedge], &first_stretch[(*edges)[i].wedge], &stretch_count);
	return first_stretch != NULL ? RPM_OK : RPM_OUT_OF_MEMORY;
}

/* The edges of the list that lie on the wedge. */
static void
find_stretches_of(const rpm_wedge *wedge, int *first, size_t *count)
{
	for (size_t i = 0; i < found_count; i++)
	{
		rpm_vec3	a = rpm_sub(found[i].start, wedge->start), b = rpm_sub(found[i].end, wedge->start);
		double		at_a = rpm_dot(a, wedge->direction), at_b = rpm_dot(b, wedge->direction);

		if (rpm_norm(rpm_along(a, -at_a, wedge->direction)) > SAME_PLACE_M || rpm_norm(rpm_along(b, -at_b, wedge->direction)) > SAME_PLACE_M)
			continue;
		if ((*count & (*count - 1)) == 0)
			stretches = realloc(stretches, 2 * (*count + 1) * sizeof *stretches);
		if (stretches == NULL)
			abort();
		stretches[(*count)++] = (found_stretch) {fmin(at_a, at_b) - SAME_PLACE_M, fmax(at_a, at_b) + SAME_PLACE_M, *first};
		*first = (int) *count;
	}
}

bool
rpm_map_edge_field(const rpm_map_job *job, const rpm_map_edge *edge, rpm_vec3 point, uint32_t *blocker, rpm_map_diffracted *diffracted)
{
	double		along, away, place;

	if (!engine_edge_field(job, edge, point, blocker, diffracted))
		return false;
	if (mode != REFERENCE_WEDGE_FOUND)
		return true;
	place_at(edge, point, &along, &away);
	place = keller_point(edge, along, away);
	for (int i = first_stretch[edge->wedge]; i > 0; i = stretches[i - 1].next)
		if (place >= stretches[i - 1].from && place <= stretches[i - 1].to)
			return true;
	return false;
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
