/*
 * paths_image.c: reflection points of a chain of facets by the image method.
 */
#include "trace/paths.h"

static bool point_near_triangle(rpm_vec3 p, rpm_vec3 a, rpm_vec3 b, rpm_vec3 c, rpm_vec3 normal);
static double distance_to_segment(rpm_vec3 p, rpm_vec3 a, rpm_vec3 b);

bool
rpm_paths_image_points(const rpm_scene *scene, rpm_vec3 transmitter, rpm_vec3 receiver, const int32_t *facets, int length,
					   rpm_vec3 *points)
{
	rpm_vec3	images[RPM_MAX_DEPTH];
	rpm_vec3	image = transmitter, target = receiver;

	for (int i = 0; i < length; i++)
		images[i] = image = rpm_mirror(image, &scene->facets[facets[i]]);
	for (int i = length - 1; i >= 0; i--)
	{
		const rpm_facet *facet = &scene->facets[facets[i]];

		if (!rpm_facet_plane_point(facet, target, images[i], &points[i]) || !rpm_point_in_facet_box(facet, points[i]))
			return false;
		target = points[i];
	}
	for (int i = 0; i < length; i++)
		if (!rpm_point_on_facet(scene, facets[i], points[i]))
			return false;
	return true;
}

bool
rpm_point_on_facet(const rpm_scene *scene, int32_t facet_index, rpm_vec3 point)
{
	const rpm_facet *facet = &scene->facets[facet_index];

	for (uint32_t i = 0; i < facet->triangle_count; i++)
	{
		const rpm_triangle *triangle = &scene->triangles[scene->facet_triangles[facet->first_triangle + i]];

		if (point_near_triangle(point, scene->vertices[triangle->vertex[0]], scene->vertices[triangle->vertex[1]],
								scene->vertices[triangle->vertex[2]], facet->normal))
			return true;
	}
	return false;
}

/* Within the plane given by normal: p inside a-b-c, or within RPM_ON_FACET_M of its outline. */
static bool
point_near_triangle(rpm_vec3 p, rpm_vec3 a, rpm_vec3 b, rpm_vec3 c, rpm_vec3 normal)
{
	double		height = rpm_dot(rpm_sub(p, a), normal);
	rpm_vec3	q = rpm_along(p, -height, normal);
	double		ab = rpm_dot(rpm_cross(rpm_sub(b, a), rpm_sub(q, a)), normal);
	double		bc = rpm_dot(rpm_cross(rpm_sub(c, b), rpm_sub(q, b)), normal);
	double		ca = rpm_dot(rpm_cross(rpm_sub(a, c), rpm_sub(q, c)), normal);

	if ((ab >= 0 && bc >= 0 && ca >= 0) || (ab <= 0 && bc <= 0 && ca <= 0))
		return true;
	return distance_to_segment(q, a, b) <= RPM_ON_FACET_M || distance_to_segment(q, b, c) <= RPM_ON_FACET_M
		|| distance_to_segment(q, c, a) <= RPM_ON_FACET_M;
}

static double
distance_to_segment(rpm_vec3 p, rpm_vec3 a, rpm_vec3 b)
{
	rpm_vec3	d = rpm_sub(b, a);
	double		length2 = rpm_dot(d, d);
	double		s = length2 > 0 ? rpm_dot(rpm_sub(p, a), d) / length2 : 0;

	s = s < 0 ? 0 : s > 1 ? 1 : s;
	return rpm_norm(rpm_sub(p, rpm_along(a, s, d)));
}
