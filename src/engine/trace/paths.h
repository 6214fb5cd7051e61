/*
 * paths.h: the pieces of rpm_trace_paths and what they hand to each other.
 *
 *   paths_walk.c      one ray -> the facets that mirror it
 *   paths_tree.c      rays from an end -> the chains of facets that paths from it may run over
 *   paths_image.c     a chain of facets -> its reflection points, by images
 *   paths_solve.c     points -> legs checked, interactions in order, field
 *   paths_wedge.c     one-wedge diffraction
 *   path_derivatives.c  a path's gain beside where it stands
 *   paths.c           the order of all this; sorting, duplicates, results
 *
 * A chain is a sequence of facet indices in order from the transmitter; transmissions are not part of it, for they do not
 * bend a leg.
 */
#ifndef RPM_PATHS_H
#define RPM_PATHS_H

#include "rpm_trace.h"
#include "trace/leg.h"

/* How far off a facet's outline a reflection point may lie, metres: the rounding of coordinates. */
#define RPM_ON_FACET_M 1e-3
/* Ends nearer than this to a facet's plane or an edge have no defined reflection or diffraction there, metres. */
#define RPM_DEGENERATE_M 1e-3

/* A batch of rays from one end. */
typedef struct rpm_path_rays
{
	rpm_vec3	origin;
	rpm_vec3   *directions;		/* rays */
	uint64_t   *choices;		/* rays: which walls each passes */
	int64_t		count;
	int			max_depth;
	bool		refraction;
	int32_t    *chains;			/* rays x (1 + max_depth): length, then facets */
} rpm_path_rays;

/* A GPU's hand in it: fills rays->chains as rpm_path_walk does for each ray. */
typedef struct rpm_path_device
{
	void	   *context;
	rpm_code	(*walk) (void *context, const rpm_path_rays *rays, rpm_control *control, rpm_status *status);
} rpm_path_device;

/* rpm_trace_paths with a GPU's hand in it, which may be NULL. */
rpm_code	rpm_trace_paths_on(const rpm_path_device *device, const rpm_scene *scene, const rpm_query *query, const rpm_antenna *antenna,
							   rpm_vec3 receiver, const rpm_trace_options *options, rpm_control *control, rpm_path_list *paths,
							   rpm_status *status);

/* Follows one ray of the batch. */
RPM_SHARED void rpm_path_walk(const rpm_scene *scene, const rpm_query *query, const rpm_path_rays *rays, int64_t ray);

/* One chain of a tree: its parent's and one facet more. */
typedef struct rpm_path_node
{
	int32_t		parent;			/* -1: the end itself */
	int32_t		facet;
	int32_t		rays;			/* that came along it */
	bool		has_child;
	uint64_t	choices;		/* of the first of them: the walls that it passed */
	rpm_vec3	first_ray;		/* direction in which the first of them left */
	rpm_vec3	image;			/* of the end, mirrored at the chain's facets; of node 0 the end */
} rpm_path_node;

/* The chains of reflections seen from one end, in the order in which they were found: parents first. */
typedef struct rpm_path_tree
{
	const rpm_scene *scene;
	const rpm_query *query;
	const rpm_path_device *device;
	rpm_path_node *nodes;
	size_t		count, capacity;
	int32_t    *table;			/* open addressing by parent and facet: node, 0 free; table_size is a power of two */
	size_t		table_size;
	int64_t    *bytes_left;		/* shared by all of one call; taken atomically; NULL: unlimited */
	bool		out_of_memory;
} rpm_path_tree;

/* One call for one pair of ends. */
typedef struct rpm_paths_work
{
	const rpm_scene *scene;
	const rpm_query *query;
	const rpm_path_device *device;	/* NULL: all is done here */
	const rpm_antenna *antenna;
	const rpm_trace_options *options;
	rpm_control *control;
	rpm_vec3	transmitter, receiver;
	int64_t    *budget;			/* what is left of control->memory_limit_bytes, or NULL: no limit */
	const rpm_path_tree *trees[2];	/* of the transmitter [0] and the receiver [1]; NULL: none */
	int			list_count;
	rpm_path_list *lists;		/* one per thread */
	bool		failed;			/* a list could not grow */
} rpm_paths_work;

/*
 * Launches options->samples rays from an end and some more where few have been.  *tree is the caller's (rpm_path_tree_free) also after an
 * error: RPM_OUT_OF_MEMORY, RPM_LIMIT_EXCEEDED (the work's budget), RPM_CANCELLED, those of the device.  Does not depend on the number of threads.
 */
rpm_code	rpm_path_tree_grow(const rpm_paths_work *work, rpm_vec3 origin, rpm_path_tree *tree, rpm_status *status);
void		rpm_path_tree_free(rpm_path_tree *tree);
/*
 * The facets of a node's chain, the one nearest to the other end first; returns how many, 0 where the images show that no path from the
 * other end can run over it.
 */
int			rpm_path_tree_chain(const rpm_path_tree *tree, int32_t node, rpm_vec3 end, int32_t *facets);

static inline rpm_vec3
rpm_mirror(rpm_vec3 point, const rpm_facet *facet)
{
	return rpm_along(point, -2 * (rpm_dot(point, facet->normal) - facet->offset_m), facet->normal);
}

/* Where the segment a-b goes through the facet's plane, both ends at least RPM_DEGENERATE_M from it. */
static inline bool
rpm_facet_plane_point(const rpm_facet *facet, rpm_vec3 a, rpm_vec3 b, rpm_vec3 *point)
{
	double		height_a = rpm_dot(a, facet->normal) - facet->offset_m;
	double		height_b = rpm_dot(b, facet->normal) - facet->offset_m;

	if (fabs(height_a) < RPM_DEGENERATE_M || fabs(height_b) < RPM_DEGENERATE_M || (height_a > 0) == (height_b > 0))
		return false;
	*point = rpm_along(a, height_a / (height_a - height_b), rpm_sub(b, a));
	return true;
}

/* Whether a point of the facet's plane lies within its bounding box: necessary for a point of the facet, and cheap. */
static inline bool
rpm_point_in_facet_box(const rpm_facet *facet, rpm_vec3 point)
{
	/* The points of a facet lie within 2 mm of its plane. */
	const double margin = RPM_ON_FACET_M + 2e-3;

	return point.x >= facet->low.x - margin && point.x <= facet->high.x + margin
		&& point.y >= facet->low.y - margin && point.y <= facet->high.y + margin
		&& point.z >= facet->low.z - margin && point.z <= facet->high.z + margin;
}

/*
 * The reflection points of a chain by images (double precision): points[i] on facets[i].  False where a point does not lie on its facet,
 * an end lies on the wrong side, or within RPM_DEGENERATE_M of a plane.
 */
bool		rpm_paths_image_points(const rpm_scene *scene, rpm_vec3 transmitter, rpm_vec3 receiver, const int32_t *facets, int length,
								   rpm_vec3 *points);
/* Whether a point of the facet's plane lies within RPM_ON_FACET_M of one of its triangles. */
bool		rpm_point_on_facet(const rpm_scene *scene, int32_t facet, rpm_vec3 point);

/* The path over a chain (length 0: the straight line), if its legs allow one with the options' mechanisms and depth. */
bool		rpm_paths_solve_chain(const rpm_paths_work *work, const int32_t *facets, int length, rpm_path *path);
/* The path over one wedge, if there is one. */
bool		rpm_paths_solve_wedge(const rpm_paths_work *work, size_t wedge, rpm_path *path);
/*
 * The length, directions and field of a path over the interactions that it has, between work's ends, without a look at what is in the way
 * nor at where on its facets or its edge the path runs; the interactions' points stay.  False where nothing arrives.
 */
bool		rpm_paths_follow(const rpm_paths_work *work, rpm_path *path);
/* The same for one wedge: by Keller's point of its line, which is written. */
bool		rpm_paths_follow_wedge(const rpm_paths_work *work, const rpm_wedge *wedge, rpm_path *path);

/* Amplitude left to the specular part of a reflection: sqrt(1 - S^2). */
double		rpm_paths_specular_share(const rpm_paths_work *work, const rpm_material *material);

/* False (and work->failed) when the list cannot grow. */
bool		rpm_paths_append(rpm_paths_work *work, rpm_path_list *list, const rpm_path *path);

#endif
