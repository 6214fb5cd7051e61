/*
 * paths.h: the pieces of rpm_trace_paths and what they hand to each other.
 *
 *   paths_chains.c    a set of chains
 *   paths_launch.c    rays from both ends -> the facets seen from each end, and candidate chains
 *   paths_combine.c   facets seen from both ends -> candidate chains of orders 1 to 3
 *   paths_image.c     a chain of facets -> its reflection points, by images
 *   paths_solve.c     points -> legs checked, interactions in order, field
 *   paths_wedge.c     one-wedge diffraction
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

/* A set of chains, compared in full. */
typedef struct rpm_chain_set
{
	int32_t    *pool;			/* per chain: its length, then its facets */
	size_t		pool_used, pool_capacity;
	size_t	   *chains;			/* offsets into pool, in order of insertion */
	size_t		count, capacity;
	uint32_t   *table;			/* open addressing: 1 + index into chains, 0 free; table_size is a power of two or 0 */
	size_t		table_size;
	int64_t    *bytes_left;		/* shared by all sets of one call; taken atomically; NULL: unlimited */
	bool		failed;			/* out of memory or of bytes_left; nothing more is added */
	bool		out_of_memory;
} rpm_chain_set;

/* One call of rpm_trace_paths. */
typedef struct rpm_paths_work
{
	const rpm_scene *scene;
	const rpm_query *query;
	const rpm_antenna *antenna;
	const rpm_trace_options *options;
	rpm_control *control;
	rpm_vec3	transmitter, receiver;
	int			threads;
	int64_t		bytes_left;		/* of control->memory_limit_bytes */
	int64_t    *budget;			/* &bytes_left, or NULL: no limit */
	rpm_chain_set seen[2];		/* chains of one and two facets reached from the transmitter [0] and the receiver [1], own end first */
	rpm_chain_set candidates;	/* chains of at least one facet, transmitter first */
	rpm_path_list *thread_paths;	/* one list per thread */
	bool		failed;			/* a path list could not grow */
} rpm_paths_work;

void		rpm_chain_set_init(rpm_chain_set *set, int64_t *bytes_left);
void		rpm_chain_set_free(rpm_chain_set *set);
/* Adds a chain unless it is there already. */
void		rpm_chain_set_add(rpm_chain_set *set, const int32_t *facets, int length);
/* Adds every chain of `from`, and takes over its failure. */
void		rpm_chain_set_merge(rpm_chain_set *set, const rpm_chain_set *from);
/* RPM_OUT_OF_MEMORY or RPM_LIMIT_EXCEEDED once something could not be added. */
rpm_code	rpm_chain_set_check(const rpm_chain_set *set, const rpm_control *control, rpm_status *status);
/* Orders the chains: shorter first, then by their facets. */
void		rpm_chain_set_sort(rpm_chain_set *set);
const int32_t *rpm_chain_at(const rpm_chain_set *set, size_t index, int *length);

/* Fills work->seen and adds to work->candidates. */
rpm_code	rpm_paths_launch(rpm_paths_work *work, rpm_status *status);
/* Adds to work->candidates. */
rpm_code	rpm_paths_combine(rpm_paths_work *work, rpm_status *status);

/*
 * The reflection points of a chain by images (double precision): points[i] on facets[i].  False where a point does not lie on its facet,
 * an end lies on the wrong side, or within RPM_DEGENERATE_M of a plane.
 */
bool		rpm_paths_image_points(const rpm_scene *scene, rpm_vec3 transmitter, rpm_vec3 receiver, const int32_t *facets, int length,
								   rpm_vec3 *points);
rpm_vec3	rpm_mirror(rpm_vec3 point, const rpm_facet *facet);
/* Where the segment a-b goes through the facet's plane, both ends at least RPM_DEGENERATE_M from it. */
bool		rpm_facet_plane_point(const rpm_facet *facet, rpm_vec3 a, rpm_vec3 b, rpm_vec3 *point);
/* Whether a point of the facet's plane lies within RPM_ON_FACET_M of one of its triangles. */
bool		rpm_point_on_facet(const rpm_scene *scene, int32_t facet, rpm_vec3 point);
/* The same for the facet's bounding box: necessary, and cheap. */
bool		rpm_point_in_facet_box(const rpm_facet *facet, rpm_vec3 point);

/* The path over a chain (length 0: the straight line), if its legs allow one with the options' mechanisms and depth. */
bool		rpm_paths_solve_chain(const rpm_paths_work *work, const int32_t *facets, int length, rpm_path *path);
/* The path over one wedge, if there is one. */
bool		rpm_paths_solve_wedge(const rpm_paths_work *work, size_t wedge, rpm_path *path);

/* Amplitude left to the specular part of a reflection: sqrt(1 - S^2). */
double		rpm_paths_specular_share(const rpm_paths_work *work, const rpm_material *material);

/* False (and work->failed) when the list cannot grow. */
bool		rpm_paths_append(rpm_paths_work *work, rpm_path_list *list, const rpm_path *path);

#endif
